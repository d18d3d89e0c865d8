import type { RunSummary } from "./api";

const SHOWN_METRICS = 3;
const SHOWN_PARAMS = 2;
const SHORT = 24;
const TOLD_BY_MLFLOW = new Set(["mlflow.source.name", "mlflow.source.git.commit", "mlflow.user"]);

/** A column of what was logged: "metrics.loss", "params.C", "tags.team". */
export type DataColumn = `metrics.${string}` | `params.${string}` | `tags.${string}`;

const isDataColumn = (name: string): name is DataColumn => /^(metrics|params|tags)\../s.test(name);

export const keyOf = (name: DataColumn): string => name.slice(name.indexOf(".") + 1);

/** The column names of an address: "metrics.loss,params.C". */
export const columnsNamed = (text: string): DataColumn[] => text.split(",").filter(isDataColumn);

/** What a run has under a column; undefined when it has nothing. */
export function logged(run: RunSummary, name: DataColumn): string | number | null | undefined {
  if (name.startsWith("metrics.")) return run.metrics[keyOf(name)];
  return name.startsWith("params.") ? run.params[keyOf(name)] : run.tags[keyOf(name)];
}

/** Whether a column tells the runs apart. */
export const differs = (runs: RunSummary[], name: DataColumn): boolean =>
  new Set(runs.map((run) => logged(run, name))).size > 1;

/** How many of the runs have a value. */
export const filled = (runs: RunSummary[], name: DataColumn): number =>
  runs.filter((run) => logged(run, name) !== undefined).length;

/** Every metric, parameter and tag that any of the runs has, the most common first. */
export function columnsIn(runs: RunSummary[]): DataColumn[] {
  const seen = new Map<DataColumn, number>();
  const see = (name: DataColumn) => seen.set(name, (seen.get(name) ?? 0) + 1);
  for (const run of runs) {
    for (const key of Object.keys(run.metrics)) see(`metrics.${key}`);
    for (const key of Object.keys(run.params)) see(`params.${key}`);
    for (const key of Object.keys(run.tags))
      if (!key.startsWith("mlflow.") || TOLD_BY_MLFLOW.has(key)) see(`tags.${key}`);
  }
  return [...seen].toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([name]) => name);
}

/** What is shown until a person chooses: a few metrics, then parameters that differ between runs. */
export function usualColumns(runs: RunSummary[]): DataColumn[] {
  const all = columnsIn(runs);
  const isShort = (name: DataColumn) =>
    runs.every((run) => String(logged(run, name) ?? "").length <= SHORT);
  const params = all.filter((name) => name.startsWith("params.") && isShort(name));
  const telling = params.filter((name) => differs(runs, name));
  return [
    ...all.filter((name) => name.startsWith("metrics.")).slice(0, SHOWN_METRICS),
    ...(telling.length > 0 ? telling : params).slice(0, SHOWN_PARAMS),
  ];
}
