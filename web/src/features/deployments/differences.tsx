import { useMemo } from "react";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import type { Revision } from "./api";

type Difference = Revision["differences"][number];

const words = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** Where the loaded model answered otherwise than it did when it was logged. */
export function Differences({ of }: { of: Difference[] }) {
  const columns = useMemo<Column<Difference>[]>(() => {
    const keys = [...new Set(of.flatMap((difference) => Object.keys(difference)))];
    return keys.map((key) => ({
      id: key,
      header: key.charAt(0).toUpperCase() + key.slice(1),
      cell: (difference) => <code>{words(difference[key] ?? "–")}</code>,
    }));
  }, [of]);
  return (
    <Panel title="The stored prediction was not reproduced" flush>
      <DataTable
        label="Differences"
        columns={columns}
        rows={of}
        rowKey={(difference) => JSON.stringify(difference)}
      />
    </Panel>
  );
}
