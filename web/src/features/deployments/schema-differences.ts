import type { Version } from "./api";

type Column = Version["inputs"][number];

/** In what callers of a version will find another one to differ, a sentence each. */
export function schemaDifferences(
  before: Pick<Version, "inputs" | "outputs">,
  after: Pick<Version, "inputs" | "outputs">,
): string[] {
  return [
    ...columns("Input", before.inputs, after.inputs),
    ...columns("Output", before.outputs, after.outputs),
  ];
}

function columns(what: string, before: Column[], after: Column[]): string[] {
  const old = new Map(before.map((one) => [one.name, one]));
  const names = new Set(after.map((one) => one.name));
  const found: string[] = [];
  for (const column of after) {
    const was = old.get(column.name);
    if (!was) {
      const must = what === "Input" && column.required ? ", and callers must send it" : "";
      found.push(`${what} ${column.name} (${typeOf(column)}) is new${must}.`);
    } else if (typeOf(was) !== typeOf(column)) {
      found.push(`${what} ${column.name} is ${typeOf(column)} instead of ${typeOf(was)}.`);
    } else if (was.required !== column.required && what === "Input") {
      found.push(`Input ${column.name} is ${column.required ? "required now" : "optional now"}.`);
    }
  }
  for (const column of before) {
    if (!names.has(column.name)) found.push(`${what} ${column.name} is gone.`);
  }
  return found;
}

const typeOf = (column: Column): string =>
  column.shape === null ? column.dtype : `${column.dtype} [${column.shape.join(", ")}]`;
