import { useSuspenseQuery } from "@tanstack/react-query";
import type { Shape } from "@/api/types";
import { bytes, plural } from "@/lib/format";
import { CopyField } from "@/ui/copy-field";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { versionFiles } from "./api";

type File = Shape<"ArtifactOut">;

/** Every file of a version with its content hash. */
export function Files({ id, version }: { id: string; version: number }) {
  const { data } = useSuspenseQuery(versionFiles(id, version));
  const files = data.filter((file) => !file.is_dir);
  return (
    <Panel title="Files" note={plural(files.length, "file")} flush>
      {files.length === 0 ? (
        <EmptyState title="This version has no files">Its upload was not finished.</EmptyState>
      ) : (
        <DataTable label="Files" columns={columns} rows={files} rowKey={(row) => row.path} />
      )}
    </Panel>
  );
}

const SHORT = 12;

const columns: Column<File>[] = [
  { id: "path", header: "Path", sortBy: (row) => row.path, cell: (row) => <code>{row.path}</code> },
  {
    id: "size",
    header: "Size",
    align: "end",
    sortBy: (row) => row.size_bytes,
    cell: (row) => bytes(row.size_bytes),
  },
  {
    id: "sha256",
    header: "SHA-256",
    cell: (row) =>
      row.sha256 && (
        <CopyField
          value={row.sha256}
          shown={`${row.sha256.slice(0, SHORT)}…`}
          label={`hash of ${row.path}`}
        />
      ),
  },
];
