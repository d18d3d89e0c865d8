import { Button, Switch } from "@mantine/core";
import { IconWebhook } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Refused } from "@/ui/refused";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { useChangeWebhook, useRemoveWebhook, useTestWebhook, type Webhook, webhooks } from "./api";
import { EVENT_NAMES } from "./events";

interface Props {
  chosen: string | null;
  onChoose: (webhook: Webhook) => void;
  onGone: () => void;
  onAdd: () => void;
}

/** The webhooks with their switch, test and log. */
export function WebhookList({ chosen, onChoose, onGone, onAdd }: Props) {
  const { data } = useSuspenseQuery(webhooks());
  const { mutate: change, error } = useChangeWebhook();
  const test = useTestWebhook();
  const { mutate: tryOut } = test;
  const remove = useRemoveWebhook();
  const [leaving, setLeaving] = useState<Webhook | null>(null);
  const columns = useMemo<Column<Webhook>[]>(
    () => [
      {
        id: "name",
        header: "Name",
        cell: (one) => (
          <div>
            <span className="row wrap">
              {one.name} {one.is_signed && <Tag>Signed</Tag>}
            </span>
            <div className="caption dim" style={{ overflowWrap: "anywhere" }}>
              {one.url}
            </div>
          </div>
        ),
      },
      { id: "events", header: "Told of", cell: (one) => <Events of={one} /> },
      { id: "state", header: "Delivery", cell: (one) => <Delivery of={one} /> },
      {
        id: "act",
        header: "",
        align: "end",
        cell: (one) => (
          <span className="row wrap" style={{ justifyContent: "flex-end" }}>
            <Switch
              aria-label={`${one.name} is on`}
              checked={one.is_active}
              onChange={(event) => change({ id: one.id, is_active: event.currentTarget.checked })}
            />
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Test ${one.name}`}
              onClick={() => {
                onChoose(one);
                tryOut({ id: one.id, event: null });
              }}
            >
              Test
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Log of ${one.name}`}
              aria-pressed={one.id === chosen}
              onClick={() => onChoose(one)}
            >
              Log
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Delete ${one.name}`}
              onClick={() => setLeaving(one)}
            >
              Delete
            </Button>
          </span>
        ),
      },
    ],
    [change, tryOut, onChoose, chosen],
  );
  const close = () => setLeaving(null);
  if (data.length === 0) {
    return (
      <EmptyState
        icon={<IconWebhook size={22} />}
        title="No webhooks yet"
        action={<Button onClick={onAdd}>Add webhook</Button>}
      >
        Start a pipeline when a version is registered, or when an alias moves.
      </EmptyState>
    );
  }
  return (
    <>
      {(error || test.error || test.data) && (
        <div style={{ padding: 16 }}>
          {error && <Refused error={error} />}
          {test.error && <Refused error={test.error} />}
          {test.data && (
            <Callout
              role="status"
              tone={test.data.failure ? "bad" : "ok"}
              title={test.data.failure ? "The example was not heard" : "The example was heard"}
            >
              {test.data.failure ?? `It answered ${test.data.status}.`}
            </Callout>
          )}
        </div>
      )}
      <DataTable label="Webhooks" columns={columns} rows={data} rowKey={(one) => one.id} />
      <ConfirmDialog
        opened={leaving !== null}
        onClose={close}
        title={`Delete ${leaving?.name ?? ""}?`}
        confirmLabel="Delete webhook"
        destructive
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() =>
          leaving &&
          remove.mutate(leaving.id, {
            onSuccess: () => {
              close();
              onGone();
            },
          })
        }
      >
        Nothing is sent to {leaving?.url} any more, and its log goes with it.
      </ConfirmDialog>
    </>
  );
}

function Events({ of }: { of: Webhook }) {
  const [first, ...more] = of.events;
  return (
    <span className="small" title={of.events.map((event) => EVENT_NAMES[event]).join(", ")}>
      {first && EVENT_NAMES[first]}
      {more.length > 0 && <span className="dim"> and {plural(more.length, "more event")}</span>}
    </span>
  );
}

function Delivery({ of }: { of: Webhook }) {
  if (of.last_failure) {
    return (
      <div>
        <StatusBadge tone="bad">Not heard</StatusBadge>
        <div className="caption dim">{of.last_failure}</div>
      </div>
    );
  }
  if (!of.last_delivered_at) return <span className="dim">Nothing yet</span>;
  return (
    <span className="small">
      <Time at={of.last_delivered_at} />
    </span>
  );
}
