import { bestWord, direction } from "@/lib/direction";
import { duration } from "@/lib/format";
import type { Run } from "./api";

/** A line of the comparison: one value for each run, null where a run has none. */
export interface DiffRow {
  group: string;
  key: string;
  cells: (string | number | null)[];
  /** For metrics: which way is better, for the deltas. */
  better?: "up" | "down" | null;
}

/** The best value of each run's curve, by metric. */
export type Best = ReadonlyMap<string, (number | null)[]>;

/** Whether the runs are not all alike; having no value differs from having one. */
export const changed = (row: DiffRow): boolean =>
  row.cells.some((cell) => !Object.is(cell, row.cells[0]));

/** How far a cell is from the baseline's; null when one of them is not a number. */
export function delta(row: DiffRow, cell: number, baseline: number): number | null {
  const [value, from] = [row.cells[cell], row.cells[baseline]];
  if (typeof value !== "number" || typeof from !== "number" || cell === baseline) return null;
  const found = value - from;
  return Number.isFinite(found) ? found : null;
}

/** Whether a difference is an improvement; null when nobody can tell. */
export function improved(row: DiffRow, by: number | null): boolean | null {
  if (!by || !row.better) return null;
  return by > 0 === (row.better === "up");
}

/** Every line of a comparison, in the order of the page. */
export function rowsOf(runs: Run[], best: Best): DiffRow[] {
  return [
    ...facts(runs),
    ...texts("Parameters", runs, (run) => run.params),
    ...metricRows(runs, best),
    ...texts("Data sets", runs, dataOf),
    ...texts("Source", runs, (run) => run.source),
    ...texts("Tags", runs, ownTags),
  ];
}

const inOrder = new Intl.Collator("en", { numeric: true }).compare;

const keysOf = (records: Record<string, unknown>[]): string[] =>
  [...new Set(records.flatMap((one) => Object.keys(one)))].toSorted(inOrder);

function texts(group: string, runs: Run[], of: (run: Run) => Record<string, string>): DiffRow[] {
  const records = runs.map(of);
  return keysOf(records).map((key) => ({
    group,
    key,
    cells: records.map((record) => record[key] ?? null),
  }));
}

function facts(runs: Run[]): DiffRow[] {
  const row = (key: string, of: (run: Run) => string | null): DiffRow => ({
    group: "Run",
    key,
    cells: runs.map(of),
  });
  return [
    row("Experiment", (run) => run.experiment_name),
    row("Status", (run) => run.status.toLowerCase()),
    row("Author", (run) => run.user_name),
    row("Duration", (run) =>
      run.ended_at
        ? duration(Math.round((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 100) / 10)
        : null,
    ),
  ];
}

function metricRows(runs: Run[], best: Best): DiffRow[] {
  return keysOf(runs.map((run) => run.metrics))
    .flatMap((key): DiffRow[] => {
      const better = direction(key);
      const last = runs.map((run) => run.metrics[key] ?? null);
      const found = best.get(key);
      return [
        { group: "Metrics, last", key, cells: last, better },
        ...(found && better
          ? [{ group: "Metrics, best", key: `${key} (${bestWord(better)})`, cells: found, better }]
          : []),
      ];
    })
    .toSorted((a, b) => b.group.localeCompare(a.group));
}

function dataOf(run: Run): Record<string, string> {
  const found = new Map<string, string[]>();
  for (const one of run.datasets) {
    const role = one.role || "data";
    const rows = one.row_count === null ? "" : `, ${one.row_count} rows`;
    found.set(role, [...(found.get(role) ?? []), `${one.name} ${one.digest}${rows}`]);
  }
  return Object.fromEntries([...found].map(([role, all]) => [role, all.toSorted().join("; ")]));
}

const ownTags = (run: Run): Record<string, string> =>
  Object.fromEntries(Object.entries(run.tags).filter(([key]) => !key.startsWith("mlflow.")));
