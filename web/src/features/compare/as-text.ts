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

const LATEX: Record<string, string> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
};
const latex = (text: string): string =>
  text.replace(/[\\~^]|[&%$#_{}]/g, (sign) => LATEX[sign] ?? `\\${sign}`).replace(/\s*\n\s*/g, " ");

/** The comparison as a LaTeX table; it needs the package booktabs. */
export function asLatex(names: string[], rows: DiffRow[]): string {
  const line = (cells: string[]) => `${cells.map(latex).join(" & ")} \\\\`;
  return [
    `\\begin{tabular}{ll${"r".repeat(names.length)}}`,
    "\\toprule",
    line(["", "", ...names]),
    "\\midrule",
    ...rows.map((row) => line([row.group, row.key, ...row.cells.map(shown)])),
    "\\bottomrule",
    "\\end{tabular}",
  ].join("\n");
}
