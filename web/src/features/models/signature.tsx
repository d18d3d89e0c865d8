import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import type { Column as ModelColumn } from "./api";

/** What goes into a model or comes out of it. */
export function Signature({ title, columns }: { title: string; columns: ModelColumn[] }) {
  return (
    <Panel title={title} flush>
      {columns.length === 0 ? (
        <EmptyState title="The version was logged without them">
          Pass a signature to log_model to have inputs checked and forms generated.
        </EmptyState>
      ) : (
        <DataTable
          label={title}
          columns={shown}
          rows={columns}
          rowKey={(row) => row.name}
          phone="scroll"
        />
      )}
    </Panel>
  );
}

const shown: Column<ModelColumn>[] = [
  { id: "name", header: "Name", cell: (row) => <code>{row.name}</code> },
  { id: "dtype", header: "Type", cell: (row) => row.dtype },
  {
    id: "shape",
    header: "Shape",
    cell: (row) => (row.shape ? `[${row.shape.join(", ")}]` : "One value"),
  },
  { id: "required", header: "Required", cell: (row) => (row.required ? "Yes" : "No") },
];
