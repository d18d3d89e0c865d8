import type { TablePage } from "./api";

export type FileKind = "image" | "table" | "page" | "notebook" | "json" | "text" | "none";

const ENDINGS: Record<string, FileKind> = {};
const of = (kind: FileKind, endings: string) => {
  for (const ending of endings.split(" ")) ENDINGS[ending] = kind;
};
of("image", "png jpg jpeg gif webp");
of("table", "parquet csv tsv");
of("page", "html htm svg");
of("notebook", "ipynb");
of("json", "json");
of("text", "txt md yaml yml log py toml ini cfg xml sh sql mlmodel license requirements jsonl");

/** How a file is shown, by its name's ending; a name without one counts as one. */
export const kindOf = (name: string): FileKind =>
  ENDINGS[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "none";

const MOST_ROWS = 500;
const MOST_COLUMNS = 50;

/** The table that `mlflow.log_table` writes as JSON: {"columns": [...], "data": [[...]]}; else null. */
export function tableIn(value: unknown): TablePage | null {
  if (typeof value !== "object" || value === null || !("columns" in value && "data" in value))
    return null;
  const { columns, data } = value;
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return null;
  const rows: unknown[][] = data.slice(0, MOST_ROWS);
  const isNumber = columns.map((_, place) => rows.every((row) => typeof row[place] === "number"));
  return {
    columns: columns.slice(0, MOST_COLUMNS).map((name, place) => ({
      name: String(name),
      type: isNumber[place] ? "number" : "text",
      is_number: isNumber[place] ?? false,
    })),
    rows: rows.map((row) => row.slice(0, MOST_COLUMNS).map(shown)),
    offset: 0,
    total_rows: data.length,
    hidden_columns: Math.max(columns.length - MOST_COLUMNS, 0),
  };
}

const shown = (cell: unknown): string | null =>
  cell === null || cell === undefined
    ? null
    : typeof cell === "object"
      ? JSON.stringify(cell)
      : String(cell);
