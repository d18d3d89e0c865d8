import type { Version } from "./api";

type Column = Version["inputs"][number];

/** One input row as the form holds it. */
export type Row = Record<string, unknown>;

const WHOLE = new Set(["integer", "long"]);
const NUMERIC = new Set(["integer", "long", "float", "double"]);

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isNumeric = (column: Column): boolean => NUMERIC.has(column.dtype);
export const isWhole = (column: Column): boolean => WHOLE.has(column.dtype);

/** A row to start from when the model was logged without an example. */
export function emptyRow(columns: Column[]): Row {
  return Object.fromEntries(columns.map((column) => [column.name, startOf(column)]));
}

function startOf(column: Column): unknown {
  if (!column.required) return null;
  if (isNumeric(column)) return 0;
  return column.dtype === "boolean" ? false : "";
}
