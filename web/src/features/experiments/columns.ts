import type { Shape } from "@/api/types";
import type { RunSummary } from "./api";

/** A column of what was logged: "metrics.loss", "params.C", "tags.team". */
export type DataColumn = `metrics.${string}` | `params.${string}` | `tags.${string}`;
export const ATTRIBUTES = ["status", "started", "duration", "author"] as const;
export type Attribute = (typeof ATTRIBUTES)[number];
export type ColumnName = DataColumn | Attribute;
type Facts = Shape<"RunColumnOut">;

const SHOWN_METRICS = 3;
const SHOWN_PARAMS = 2;

export const isDataColumn = (name: string): name is DataColumn =>
  /^(metrics|params|tags)\../s.test(name);
const isColumn = (name: string): name is ColumnName =>
  isDataColumn(name) || ATTRIBUTES.some((one) => one === name);

export const keyOf = (name: DataColumn): string => name.slice(name.indexOf(".") + 1);
export const isMetric = (name: string): boolean => name.startsWith("metrics.");

/** The columns of an address: "status,metrics.loss,params.C"; a comma in a name is "%2C" there. */
export const columnsNamed = (text: string): ColumnName[] =>
  [...new Set(text.split(",").map((one) => one.replaceAll("%2C", ",")))].filter(isColumn);

export const columnsText = (columns: readonly ColumnName[]): string =>
  columns.map((one) => one.replaceAll(",", "%2C")).join(",");

/** What a run has under a column; undefined when it has nothing. */
export function logged(run: RunSummary, name: DataColumn): string | number | null | undefined {
  if (isMetric(name)) return run.metrics[keyOf(name)];
  return name.startsWith("params.") ? run.params[keyOf(name)] : run.tags[keyOf(name)];
}

/** What is shown until a person chooses: a few metrics, then parameters that differ between runs. */
export function usualColumns(known: readonly Facts[]): ColumnName[] {
  const all = known.filter((one) => isDataColumn(one.name));
  const params = all.filter((one) => one.name.startsWith("params."));
  const telling = params.filter((one) => one.differs);
  const names = [
    ...all.filter((one) => isMetric(one.name)).slice(0, SHOWN_METRICS),
    ...(telling.length > 0 ? telling : params).slice(0, SHOWN_PARAMS),
  ].map((one) => one.name);
  return [...ATTRIBUTES, ...names.filter(isDataColumn)];
}

const TOLD_BY_MLFLOW = new Set(["mlflow.source.name", "mlflow.source.git.commit", "mlflow.user"]);

/** Tags that MLflow keeps for itself are left out. */
export const isOffered = ({ name }: Facts): boolean =>
  !name.startsWith("tags.mlflow.") || TOLD_BY_MLFLOW.has(name.slice("tags.".length));
