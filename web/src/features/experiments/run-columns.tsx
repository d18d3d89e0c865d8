import { Link } from "@tanstack/react-router";
import { duration, number } from "@/lib/format";
import { here } from "@/lib/here";
import type { Column } from "@/ui/data-table";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { RunSummary } from "./api";

const SHOWN_METRICS = 3;
const SHOWN_PARAMS = 2;
const SHORT = 24;

/** A metric or parameter column: "metrics.loss", "params.C". */
export type DataColumn = `metrics.${string}` | `params.${string}`;

const isDataColumn = (name: string): name is DataColumn =>
  name.startsWith("metrics.") || name.startsWith("params.");

/** The column names of an address: "metrics.loss,params.C". */
export const columnsNamed = (text: string): DataColumn[] => text.split(",").filter(isDataColumn);

/** Every metric and parameter that any of the runs has, the most common first. */
export function columnsIn(runs: RunSummary[]): DataColumn[] {
  const seen = new Map<DataColumn, number>();
  for (const run of runs) {
    for (const key of Object.keys(run.metrics))
      seen.set(`metrics.${key}`, (seen.get(`metrics.${key}`) ?? 0) + 1);
    for (const key of Object.keys(run.params))
      seen.set(`params.${key}`, (seen.get(`params.${key}`) ?? 0) + 1);
  }
  return [...seen].toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([name]) => name);
}

/** What is shown until a person chooses: a few metrics, then parameters that differ between runs. */
export function usualColumns(runs: RunSummary[]): DataColumn[] {
  const all = columnsIn(runs);
  const valuesOf = (name: DataColumn) => runs.map((run) => run.params[keyOf(name)] ?? "");
  const differs = (name: DataColumn) => new Set(valuesOf(name)).size > 1;
  const isShort = (name: DataColumn) => valuesOf(name).every((value) => value.length <= SHORT);
  const params = all.filter((name) => name.startsWith("params.") && isShort(name));
  const telling = params.filter(differs);
  return [
    ...all.filter((name) => name.startsWith("metrics.")).slice(0, SHOWN_METRICS),
    ...(telling.length > 0 ? telling : params).slice(0, SHOWN_PARAMS),
  ];
}

const keyOf = (name: DataColumn): string => name.slice(name.indexOf(".") + 1);

/** The columns of a run table: the fixed facts, then the chosen metrics and parameters. */
export function runColumns(chosen: DataColumn[]): Column<RunSummary>[] {
  return [...FIXED, ...chosen.map(dataColumn)];
}

function dataColumn(name: DataColumn): Column<RunSummary> {
  const key = keyOf(name);
  if (name.startsWith("metrics.")) {
    return { id: name, header: key, align: "end", cell: (run) => number(run.metrics[key]) };
  }
  return {
    id: name,
    header: key,
    cell: (run) => <Value of={run.params[key]} />,
  };
}

const FIXED: Column<RunSummary>[] = [
  {
    id: "name",
    header: "Run",
    cell: (run) => (
      <Link to="/w/$ws/runs/$run" params={{ ...here(), run: run.id }}>
        {run.name}
      </Link>
    ),
  },
  { id: "status", header: "Status", cell: (run) => <StatusBadge status={run.status} /> },
  { id: "started", header: "Started", cell: (run) => <Time at={run.started_at} /> },
  {
    id: "duration",
    header: "Duration",
    align: "end",
    cell: (run) => <span style={{ whiteSpace: "nowrap" }}>{duration(secondsOf(run))}</span>,
  },
  { id: "author", header: "Author", cell: (run) => run.user_name },
];

function secondsOf(run: RunSummary): number | null {
  return run.ended_at ? (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1_000 : null;
}

function Value({ of }: { of: string | undefined }) {
  if (of === undefined) return <span className="dim">–</span>;
  return (
    <div className="truncate" style={{ maxWidth: 220 }} title={of}>
      {of}
    </div>
  );
}
