import type { DiffRow } from "./diff";

/** The packages of a requirements file by name: "scikit-learn==1.9.1" as ["scikit-learn", "==1.9.1"]. */
export function packagesIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const plain = line.split(" #")[0]?.trim() ?? "";
    const read = /^([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?\s*(.*)$/.exec(plain);
    if (read?.[1])
      found[read[1].toLowerCase().replaceAll(/[-_.]+/g, "-")] =
        read[3]?.replace(/^==\s*/, "") || "any";
  }
  return found;
}

/** The Python version of a python_env.yaml; null when it says none. */
export const pythonIn = (text: string): string | null =>
  /^python:\s*['"]?([\w.]+)/m.exec(text)?.[1] ?? null;

export interface Environment {
  python: string | null;
  packages: Record<string, string>;
}

/** A row for Python and one for each package that any run has. */
export function environmentRows(all: (Environment | null)[]): DiffRow[] {
  const names = [...new Set(all.flatMap((one) => Object.keys(one?.packages ?? {})))].toSorted();
  const group = "Environment";
  return [
    { group, key: "python", cells: all.map((one) => one?.python ?? null) },
    ...names.map((key) => ({ group, key, cells: all.map((one) => one?.packages[key] ?? null) })),
  ].filter((row) => row.cells.some((cell) => cell !== null));
}
