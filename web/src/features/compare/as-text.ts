import type { DiffRow } from "./diff";

const shown = (cell: string | number | null): string => (cell === null ? "" : String(cell));
const markdown = (text: string): string => text.replace(/[\\|]/g, "\\$&").replace(/\s*\n\s*/g, " ");

/** A cell that a spreadsheet reads back unchanged and never runs as a formula. */
function csv(text: string): string {
  const isNumber = text !== "" && Number.isFinite(Number(text));
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The comparison as a Markdown table. */
export function asMarkdown(names: string[], rows: DiffRow[]): string {
  const line = (cells: string[]) => `| ${cells.map(markdown).join(" | ")} |`;
  return [
    line(["", "", ...names]),
    line(["", "", ...names]).replace(/[^|]+/g, " --- "),
    ...rows.map((row) => line([row.group, row.key, ...row.cells.map(shown)])),
  ].join("\n");
}

/** The comparison as CSV with a header. */
export function asCsv(names: string[], rows: DiffRow[]): string {
  const line = (cells: string[]) => cells.map(csv).join(",");
  return [
    line(["group", "name", ...names]),
    ...rows.map((row) => line([row.group, row.key, ...row.cells.map(shown)])),
  ].join("\r\n");
}
