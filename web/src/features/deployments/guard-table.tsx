import { count, latency, percent } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Time } from "@/ui/time";
import type { Revision } from "./api";

interface Props {
  revision: Revision;
  /** Number of the revision it is compared with. */
  old: number;
}

type Row = [name: string, fresh: string, old: string, allowed: string];
type Measured = NonNullable<NonNullable<Revision["shift"]>["new"]>;

const share = (part: number, whole: Measured) =>
  whole.requests === 0 ? "–" : percent(part / whole.requests);

const silence = (of: Measured) =>
  of.silent_calls === 0
    ? "none"
    : `${count(of.silent_calls)} for ${Math.round(of.silent_seconds)} s`;

/** What guards measured last, new against old, with what is allowed. */
export function GuardTable({ revision, old }: Props) {
  const seen = revision.shift;
  const guards = revision.strategy?.guards ?? null;
  if (seen && !seen.is_followed) {
    return (
      <EmptyState title="The gateway is taking the new shares over">
        The clock of this step starts when it has.
      </EmptyState>
    );
  }
  if (!seen?.new || !seen.old) {
    return (
      <EmptyState title="Nothing is measured yet">The first look takes a few seconds.</EmptyState>
    );
  }
  const { new: fresh, old: before } = seen;
  const rows: Row[] = [
    ["Calls", count(fresh.requests), count(before.requests), "–"],
    [
      "Failed (5xx)",
      share(fresh.errors_5xx, fresh),
      share(before.errors_5xx, before),
      guards ? `up to ${percent(guards.error_rate)}` : "not guarded",
    ],
    [
      "Refused input (4xx)",
      share(fresh.errors_4xx, fresh),
      share(before.errors_4xx, before),
      guards ? `up to ${percent(guards.schema_error_rate)}` : "not guarded",
    ],
    [
      "p95 latency",
      latency(fresh.p95_ms),
      latency(before.p95_ms),
      guards ? `up to ${guards.latency_factor} times` : "not guarded",
    ],
    [
      "Calls that wait without any answer",
      silence(fresh),
      silence(before),
      guards ? "up to 10 s, or as the old one" : "not guarded",
    ],
    [
      "Predictions",
      fresh.drift ?? "have not moved",
      before.drift ?? "have not moved",
      guards?.drift ? "no drift" : "not guarded",
    ],
  ];
  return (
    <div className="stack tight">
      <DataTable
        label="Guards"
        columns={columnsOf(revision.number, old)}
        rows={rows}
        rowKey={([name]) => name}
      />
      <p className="small dim">
        Since <Time at={seen.since} />, looked at <Time at={seen.checked_at} />. Below{" "}
        {guards?.min_requests ?? 20} calls rates say nothing.
      </p>
    </div>
  );
}

const columnsOf = (fresh: number, old: number): Column<Row>[] => [
  { id: "measure", header: "Measure", cell: ([name]) => name },
  { id: "new", header: `Revision ${fresh}`, cell: ([, value]) => value },
  { id: "old", header: `Revision ${old}`, cell: ([, , value]) => value },
  { id: "allowed", header: "Allowed", cell: ([, , , value]) => value },
];
