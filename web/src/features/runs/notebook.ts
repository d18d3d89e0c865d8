/** What a notebook cell printed, as far as it is shown: HTML is not. */
export type Output =
  | { kind: "text"; text: string }
  | { kind: "error"; text: string }
  | { kind: "image"; address: string };

export interface Cell {
  kind: "code" | "markdown" | "raw";
  source: string;
  count: number | null;
  outputs: Output[];
}

export interface Notebook {
  language: string;
  cells: Cell[];
}

const IMAGES = ["image/png", "image/jpeg", "image/gif"];
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals begin with one
const COLOURS = /\u001b\[[0-9;]*m/g;
const BASE64 = /^[A-Za-z0-9+/=\s]+$/;

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Notebooks keep a text as one or as a list of lines. */
const textOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : listOf(value)
        .filter((one) => typeof one === "string")
        .join("");

/** Reads a .ipynb file of version 4; null when it is none. */
export function notebookOf(text: string): Notebook | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const { cells, metadata } = fieldsOf(read);
  if (!Array.isArray(cells)) return null;
  const info = fieldsOf(fieldsOf(metadata).language_info);
  return { language: textOf(info.name) || "python", cells: cells.map(cellOf) };
}

function cellOf(value: unknown): Cell {
  const cell = fieldsOf(value);
  const kind = cell.cell_type === "markdown" || cell.cell_type === "raw" ? cell.cell_type : "code";
  return {
    kind,
    source: textOf(cell.source),
    count: typeof cell.execution_count === "number" ? cell.execution_count : null,
    outputs: listOf(cell.outputs).flatMap(outputOf),
  };
}

function outputOf(value: unknown): Output[] {
  const output = fieldsOf(value);
  if (output.output_type === "stream") return plain(textOf(output.text));
  if (output.output_type === "error") {
    const lines = listOf(output.traceback).filter((one) => typeof one === "string");
    const text = lines.join("\n") || `${textOf(output.ename)}: ${textOf(output.evalue)}`;
    return [{ kind: "error", text: text.replace(COLOURS, "") }];
  }
  const data = fieldsOf(output.data);
  const type = IMAGES.find((one) => one in data);
  const image = type ? textOf(data[type]) : "";
  if (type && BASE64.test(image))
    return [{ kind: "image", address: `data:${type};base64,${image.replace(/\s/g, "")}` }];
  return plain(textOf(data["text/plain"]));
}

const plain = (text: string): Output[] =>
  text ? [{ kind: "text", text: text.replace(COLOURS, "") }] : [];
