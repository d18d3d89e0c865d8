import { Button } from "@mantine/core";
import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { usePermission } from "@/api/session";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { PullTable } from "./pull-table";
import { type Source, source, useDisconnect, usePull } from "./source-api";
import { SourceDialog } from "./source-dialog";

const KINDS: Record<string, string> = {
  postgresql: "PostgreSQL",
  s3: "S3-compatible storage",
  https: "File at a web address",
};

/** Where outcomes are pulled from by themselves, and what came of the last pulls. */
export function SourcePanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(source(id));
  const [changing, setChanging] = useState(false);
  const mayManage = usePermission("monitoring.manage");
  useFreshQuality(id, data);
  if (!data && !mayManage) return null;
  return (
    <>
      {data ? (
        <Connected id={id} of={data} mayManage={mayManage} onChange={() => setChanging(true)} />
      ) : (
        <Panel title="Source of outcomes">
          <EmptyState
            title="Outcomes are not pulled from anywhere"
            action={<Button onClick={() => setChanging(true)}>Connect a source</Button>}
          >
            A table or query of PostgreSQL, or a CSV or Parquet file in a bucket or at a web
            address, is read on schedule; only what is new is taken in.
          </EmptyState>
        </Panel>
      )}
      {changing && <SourceDialog id={id} now={data} onClose={() => setChanging(false)} />}
    </>
  );
}

interface ConnectedProps {
  id: string;
  of: Source;
  mayManage: boolean;
  onChange: () => void;
}

function Connected({ id, of, mayManage, onChange }: ConnectedProps) {
  const pull = usePull(id);
  const remove = useDisconnect(id);
  const [asking, setAsking] = useState<"again" | "remove" | null>(null);
  const newest = of.pulls[0];
  const close = () => setAsking(null);
  return (
    <Panel
      title="Source of outcomes"
      note={KINDS[of.place.kind ?? ""]}
      action={
        mayManage && (
          <div className="row wrap">
            <Button size="xs" loading={of.is_pulling} onClick={() => pull.mutate(false)}>
              Pull now
            </Button>
            <Button variant="default" size="xs" onClick={() => setAsking("again")}>
              Read everything again
            </Button>
            <Button variant="default" size="xs" onClick={onChange}>
              Change
            </Button>
            <Button variant="default" size="xs" onClick={() => setAsking("remove")}>
              Disconnect
            </Button>
          </div>
        )
      }
    >
      <div className="stack">
        {newest?.error && (
          <Callout tone="bad" role="status" title="The last pull stopped">
            <p>{newest.error}</p>
          </Callout>
        )}
        {pull.error && <Refused error={pull.error} />}
        <Facts of={factsOf(of)} />
        <PullTable pulls={of.pulls} />
      </div>
      <ConfirmDialog
        opened={asking === "again"}
        onClose={close}
        title="Read everything again"
        confirmLabel="Read everything again"
        busy={pull.isPending}
        error={pull.error}
        onConfirm={() => pull.mutate(true, { onSuccess: close })}
      >
        Rows that were read before are read once more: those that did not change count as known.
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "remove"}
        onClose={close}
        title="Disconnect the source of outcomes"
        confirmLabel="Disconnect"
        destructive
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate()}
      >
        Its secret and the list of pulls are deleted. Outcomes that were pulled stay.
      </ConfirmDialog>
    </Panel>
  );
}

function factsOf(of: Source): [string, React.ReactNode][] {
  const { prediction_id, entity, value, at, since, row } = of.columns;
  const columns = [prediction_id, entity, value, at, since, row].filter(Boolean).join(", ");
  return [
    [
      "From",
      <span key="from" style={{ overflowWrap: "anywhere" }}>
        {of.target}
      </span>,
    ],
    ["Columns", columns],
    ["Joined by", entity ? "entity and time" : "prediction id"],
    ["Read up to", of.read_to ?? null],
    ["Next pull", of.is_enabled ? <Time key="next" at={of.next_at} absolute /> : "switched off"],
  ];
}

/** Reads quality anew once a pull has ended. */
function useFreshQuality(id: string, now: Source | null) {
  const client = useQueryClient();
  const pulling = now?.is_pulling ?? false;
  const was = useRef(pulling);
  useEffect(() => {
    if (was.current && !pulling)
      void client.invalidateQueries({
        queryKey: ["monitoring", id],
        predicate: ({ queryKey }) => queryKey[2] !== "source",
      });
    was.current = pulling;
  }, [client, id, pulling]);
}
