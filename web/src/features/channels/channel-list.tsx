import { Button, Switch } from "@mantine/core";
import { IconBellRinging } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Refused } from "@/ui/refused";
import { StatusBadge, statusWord, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Channel, channels, useChangeChannel, useRemoveChannel, useTestChannel } from "./api";
import { KIND_NAMES } from "./kinds";

/** The channels with their test button. */
export function ChannelList({ onAdd }: { onAdd: (() => void) | undefined }) {
  const { data } = useSuspenseQuery(channels());
  const mayManage = usePermission("channels.manage");
  const { mutate: change, error } = useChangeChannel();
  const test = useTestChannel();
  const { mutate: tryOut } = test;
  const remove = useRemoveChannel();
  const [leaving, setLeaving] = useState<Channel | null>(null);
  const columns = useMemo<Column<Channel>[]>(
    () => [
      {
        id: "name",
        header: "Name",
        cell: (one) => (
          <span className="row wrap">
            {one.name} {one.is_default && <Tag>Default</Tag>}
          </span>
        ),
      },
      { id: "kind", header: "Kind", cell: (one) => KIND_NAMES[one.kind] },
      {
        id: "target",
        header: "Goes to",
        cell: (one) => <span className="small">{one.target}</span>,
      },
      {
        id: "severity",
        header: "From severity",
        cell: (one) => statusWord(one.least_severity),
      },
      {
        id: "state",
        header: "Delivery",
        cell: (one) =>
          one.dead_letters > 0 ? (
            <StatusBadge tone="bad">{one.dead_letters} not delivered</StatusBadge>
          ) : one.last_delivered_at ? (
            <span className="small">
              <Time at={one.last_delivered_at} />
            </span>
          ) : (
            <span className="dim">Nothing yet</span>
          ),
      },
      {
        id: "act",
        header: "",
        align: "end",
        cell: (one) =>
          mayManage ? (
            <span className="row" style={{ justifyContent: "flex-end" }}>
              <Switch
                aria-label={`${one.name} is on`}
                checked={one.is_enabled}
                onChange={(event) =>
                  change({ id: one.id, is_enabled: event.currentTarget.checked })
                }
              />
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Test ${one.name}`}
                onClick={() => tryOut(one.id)}
              >
                Test
              </Button>
              <Button
                variant="default"
                size="compact-xs"
                aria-label={`Remove ${one.name}`}
                onClick={() => setLeaving(one)}
              >
                Remove
              </Button>
            </span>
          ) : null,
      },
    ],
    [mayManage, change, tryOut],
  );
  const close = () => setLeaving(null);
  if (data.length === 0) {
    return (
      <EmptyState
        icon={<IconBellRinging size={22} />}
        title="Nobody is told yet"
        action={onAdd && <Button onClick={onAdd}>Add channel</Button>}
      >
        Alerts are kept and shown; a channel brings them to people.
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
              tone={test.data.delivered ? "ok" : "bad"}
              title={test.data.delivered ? "The test message was taken" : "It was not delivered"}
            >
              {test.data.error}
            </Callout>
          )}
        </div>
      )}
      <DataTable label="Channels" columns={columns} rows={data} rowKey={(one) => one.id} />
      <ConfirmDialog
        opened={leaving !== null}
        onClose={close}
        title={`Remove ${leaving?.name ?? ""}?`}
        confirmLabel="Remove channel"
        destructive
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => leaving && remove.mutate(leaving.id, { onSuccess: close })}
      >
        Nothing is sent to {leaving?.target} any more, and its delivery log goes with it.
      </ConfirmDialog>
    </>
  );
}
