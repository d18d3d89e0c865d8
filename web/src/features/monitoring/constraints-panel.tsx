import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { count, percent } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { View } from "@/ui/view";
import {
  asks,
  type Check,
  type Constraint,
  type Constraints,
  constraints,
  useChangeConstraints,
  violations,
} from "./constraint-api";
import { ConstraintDialog } from "./constraint-dialog";
import type { DriftWindow } from "./ranges";

interface Props {
  id: string;
  window: DriftWindow;
}

/** What is asked of the columns, and which values do not hold it. */
export function ConstraintsPanel({ id, window }: Props) {
  return (
    <View loading={<LinesSkeleton lines={5} />}>
      <Asked id={id} window={window} />
    </View>
  );
}

function Asked({ id, window }: Props) {
  const { data: now } = useSuspenseQuery(constraints(id));
  const { data: found } = useSuspenseQuery(violations(id, window));
  const [editing, setEditing] = useState<{ column: string | null } | null>(null);
  const mayManage = usePermission("monitoring.manage");
  const rows = useMemo(() => now.columns.map((of) => rowOf(of, found.checks)), [now, found]);
  const columns = useMemo(
    () => columnsOf(mayManage, (column) => setEditing({ column })),
    [mayManage],
  );
  const free = now.proposed.length > now.columns.length;
  return (
    <Panel
      title="Constraints"
      note={rows.length > 0 ? found.reason : "What values of each column may be"}
      action={
        mayManage && free && now.columns.length > 0 ? (
          <Button variant="default" size="xs" onClick={() => setEditing({ column: null })}>
            Add a column
          </Button>
        ) : undefined
      }
      flush={rows.length > 0}
    >
      {rows.length === 0 ? (
        <NothingAsked id={id} now={now} mayManage={mayManage} />
      ) : (
        <DataTable
          label="Constraints"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.of.column}
        />
      )}
      {editing && (
        <ConstraintDialog
          id={id}
          now={now}
          column={editing.column}
          onClose={() => setEditing(null)}
        />
      )}
    </Panel>
  );
}

function NothingAsked({
  id,
  now,
  mayManage,
}: {
  id: string;
  now: Constraints;
  mayManage: boolean;
}) {
  const change = useChangeConstraints(id);
  if (now.proposed.length === 0) {
    return (
      <EmptyState title="Nothing to propose yet">
        Constraints are proposed from the training data, or from the first live rows.
      </EmptyState>
    );
  }
  const source = now.is_provisional || now.source === null ? "the first live rows" : now.source;
  return (
    <EmptyState
      title="No constraints are in force"
      action={
        mayManage && (
          <Button
            loading={change.isPending}
            onClick={() => change.mutate({ columns: now.proposed, based_on: now.version })}
          >
            Use the proposal
          </Button>
        )
      }
    >
      {now.proposed.length} columns of {source} propose types, ranges, known values and how much may
      be missing. Each can be changed afterwards.
      {change.error && <Refused error={change.error} />}
    </EmptyState>
  );
}

interface Row {
  of: Constraint;
  /** The check that is furthest over what is allowed, or the one with most broken values. */
  worst: Check | null;
}

const over = (check: Check) => (check.share ?? 0) - check.allowed_share;

function rowOf(of: Constraint, checks: Check[]): Row {
  const own = checks.filter((check) => check.column === of.column);
  own.sort(
    (one, other) =>
      Number(other.status === "broken") - Number(one.status === "broken") ||
      over(other) - over(one),
  );
  return { of, worst: own[0] ?? null };
}

function columnsOf(mayManage: boolean, onEdit: (column: string) => void): Column<Row>[] {
  const shown: Column<Row>[] = [
    { id: "column", header: "Column", cell: ({ of }) => <code>{of.column}</code> },
    { id: "asked", header: "Values are", cell: ({ of }) => asks(of) },
    {
      id: "status",
      header: "Status",
      cell: ({ worst }) => (
        <StatusBadge status={worst?.status ?? "no_data"} title={worst?.explain ?? ""} />
      ),
    },
    {
      id: "broken",
      header: "Not so",
      align: "end",
      cell: ({ worst }) =>
        worst?.values ? `${count(worst.broken)} (${percent(worst.share)})` : "–",
    },
    {
      id: "rows",
      header: "Newest rows",
      cell: ({ worst }) =>
        worst?.examples.length ? (
          <code>
            {worst.examples
              .map((row) => `${row.prediction_id.slice(0, 12)}, row ${row.row}`)
              .join("; ")}
          </code>
        ) : (
          "–"
        ),
    },
  ];
  if (!mayManage) return shown;
  return [
    ...shown,
    {
      id: "edit",
      header: "Change",
      cell: ({ of }) => (
        <Button
          variant="subtle"
          size="compact-xs"
          aria-label={`Change ${of.column}`}
          onClick={() => onEdit(of.column)}
        >
          Change
        </Button>
      ),
    },
  ];
}
