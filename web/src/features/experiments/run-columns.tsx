import { Link } from "@tanstack/react-router";
import { duration, number } from "@/lib/format";
import { here } from "@/lib/here";
import type { ServerColumn } from "@/ui/server-table";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { RunSummary } from "./api";
import { type DataColumn, keyOf, logged } from "./run-data";

/** The columns of a run table: the fixed facts, then the chosen metrics, parameters and tags. */
export function runColumns(chosen: DataColumn[]): ServerColumn<RunSummary>[] {
  return [...FIXED, ...chosen.map(dataColumn)];
}

function dataColumn(name: DataColumn): ServerColumn<RunSummary> {
  const column = { id: name, header: keyOf(name), sortable: true };
  if (name.startsWith("metrics.")) {
    return { ...column, align: "end", cell: (run) => number(run.metrics[keyOf(name)]) };
  }
  return { ...column, cell: (run) => <Value of={logged(run, name)} /> };
}

const FIXED: ServerColumn<RunSummary>[] = [
  {
    id: "name",
    header: "Run",
    sortable: true,
    cell: (run) => (
      <div className="truncate" style={{ maxWidth: 280 }} title={run.name}>
        <Link to="/w/$ws/runs/$run" params={{ ...here(), run: run.id }}>
          {run.name}
        </Link>
      </div>
    ),
  },
  {
    id: "status",
    header: "Status",
    sortable: true,
    cell: (run) => <StatusBadge status={run.status} />,
  },
  { id: "started", header: "Started", sortable: true, cell: (run) => <Time at={run.started_at} /> },
  {
    id: "duration",
    header: "Duration",
    align: "end",
    cell: (run) => <span style={{ whiteSpace: "nowrap" }}>{duration(secondsOf(run))}</span>,
  },
  { id: "author", header: "Author", sortable: true, cell: (run) => run.user_name },
];

function secondsOf(run: RunSummary): number | null {
  return run.ended_at ? (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1_000 : null;
}

function Value({ of }: { of: string | number | null | undefined }) {
  if (of === undefined || of === null) return <span className="dim">–</span>;
  return (
    <div className="truncate" style={{ maxWidth: 220 }} title={String(of)}>
      {of}
    </div>
  );
}
