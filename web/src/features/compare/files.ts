import type { Artifact } from "./api";

export interface FileRow {
  path: string;
  isFolder: boolean;
  /** What each run has at this path. */
  cells: (Artifact | null)[];
}

/** The paths of all runs' folders, folders first; a path that is a file in one run and a folder in another is two rows. */
export function fileRows(folders: Artifact[][]): FileRow[] {
  const rows = new Map<string, FileRow>();
  folders.forEach((entries, place) => {
    for (const entry of entries) {
      const key = `${entry.is_dir} ${entry.path}`;
      const row = rows.get(key) ?? {
        path: entry.path,
        isFolder: entry.is_dir,
        cells: folders.map(() => null),
      };
      row.cells[place] = entry;
      rows.set(key, row);
    }
  });
  return [...rows.values()].toSorted(
    (a, b) => Number(b.isFolder) - Number(a.isFolder) || a.path.localeCompare(b.path),
  );
}

/** Whether the bytes are known not to be the same in all runs. */
export function filesDiffer(row: FileRow): boolean {
  const [first] = row.cells;
  return row.cells.some(
    (cell) =>
      (cell === null) !== (first === null || first === undefined) ||
      cell?.sha256 !== first?.sha256 ||
      cell?.size_bytes !== first?.size_bytes,
  );
}
