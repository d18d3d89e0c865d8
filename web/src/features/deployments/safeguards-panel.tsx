import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { count, percent, plural } from "@/lib/format";
import { Sparkline } from "@/ui/charts/sparkline";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { SafeguardDialog } from "./safeguard-dialog";
import { ACTIONS, type Held, held, holdsWhen, type Safeguard, safeguards } from "./safeguards-api";

type HeldCount = Held["safeguards"][number];

interface Row {
  of: Safeguard;
  count: HeldCount | undefined;
}

/** What is held against every answer, and how often it held in the last day. */
export function SafeguardsPanel({ id }: { id: string }) {
  const { data: now } = useSuspenseQuery(safeguards(id));
  const { data: found } = useSuspenseQuery(held(id, "24h"));
  const mayChange = usePermission("deployments.create");
  const [editing, setEditing] = useState<{ name: string | null } | null>(null);
  const rows = now.safeguards.map((of) => ({
    of,
    count: found.safeguards.find((one) => one.name === of.name),
  }));
  const add = mayChange ? (
    <Button size="xs" variant="default" onClick={() => setEditing({ name: null })}>
      Add a safeguard
    </Button>
  ) : undefined;
  return (
    <Panel
      title="Safeguards"
      note={
        rows.length > 0
          ? `Held against every answer; ${plural(found.calls, "call")} in the last 24 hours`
          : "What is done when an answer or an input is not as it should be"
      }
      action={rows.length > 0 ? add : undefined}
      flush={rows.length > 0}
    >
      {rows.length === 0 ? (
        <EmptyState title="Every answer is given as the model says it" action={add}>
          A safeguard flags, replaces or refuses answers that are out of range, missing, unknown or
          unsure.
        </EmptyState>
      ) : (
        <DataTable
          label="Safeguards"
          columns={columnsOf(mayChange, (name) => setEditing({ name }))}
          rows={rows}
          rowKey={(row) => row.of.name}
        />
      )}
      {editing && (
        <SafeguardDialog id={id} now={now} name={editing.name} onClose={() => setEditing(null)} />
      )}
    </Panel>
  );
}

const columnsOf = (mayChange: boolean, onEdit: (name: string) => void): Column<Row>[] => [
  { id: "name", header: "Safeguard", cell: ({ of }) => <code>{of.name}</code> },
  { id: "when", header: "When", cell: ({ of }) => holdsWhen(of) },
  { id: "action", header: "Then", cell: ({ of }) => done(of) },
  {
    id: "calls",
    header: "Calls",
    align: "end",
    cell: ({ count: of }) =>
      of ? `${count(of.calls)}${of.share === null ? "" : ` (${percent(of.share)})`}` : "0",
  },
  {
    id: "trend",
    header: "Last 24 hours",
    cell: ({ of, count: own }) =>
      own && own.calls > 0 ? (
        <Sparkline values={own.points} label={`Calls that ${of.name} held against, by the hour`} />
      ) : (
        <span className="dim">–</span>
      ),
  },
  {
    id: "example",
    header: "Newest",
    cell: ({ count: of }) => {
      const newest = of?.examples[0];
      return newest ? (
        <code>
          {newest.prediction_id}, row {newest.row}
        </code>
      ) : (
        <span className="dim">–</span>
      );
    },
  },
  ...(mayChange
    ? [
        {
          id: "edit",
          header: "",
          align: "end" as const,
          cell: ({ of }: Row) => (
            <Button size="compact-xs" variant="default" onClick={() => onEdit(of.name)}>
              Change
            </Button>
          ),
        },
      ]
    : []),
];

function done(of: Safeguard): string {
  if (of.action === "default") return `Answer ${String(of.default)} instead`;
  return ACTIONS[of.action ?? "flag"];
}
