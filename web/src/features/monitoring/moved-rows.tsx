import { useQuery } from "@tanstack/react-query";
import { type Column, DataTable } from "@/ui/data-table";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { type MovedRow, movedRows } from "./api";
import type { Baseline, DriftWindow } from "./ranges";

interface Props {
  id: string;
  feature: string;
  window: DriftWindow;
  baseline: Baseline;
}

/** Logged rows that show where a column moved to; for those who may read rows. */
export function MovedRows({ id, feature, window, baseline }: Props) {
  const { data, error } = useQuery(movedRows(id, feature, window, baseline));
  if (error) return <Refused error={error} />;
  if (!data || data.rows.length === 0) return null;
  const typical = data.rows.some((row) => row.is_typical);
  return (
    <div className="stack tight">
      <strong>Rows</strong>
      <p className="small dim">
        {typical && data.grown !== null
          ? `From where most was added: ${data.grown}.`
          : "The newest logged rows; none is from where most was added."}
      </p>
      <DataTable
        label={`Rows of ${feature}`}
        columns={COLUMNS}
        rows={data.rows.slice(0, SHOWN)}
        rowKey={(row) => `${row.prediction_id}-${row.row}`}
        phone="scroll"
      />
    </div>
  );
}

const SHOWN = 8;
const written = (value: unknown) =>
  value === null || value === undefined ? "–" : JSON.stringify(value);

const COLUMNS: Column<MovedRow>[] = [
  { id: "at", header: "Time", cell: (row) => <Time at={row.at} /> },
  { id: "value", header: "Value", cell: (row) => <code>{written(row.value)}</code> },
  {
    id: "prediction",
    header: "Prediction",
    cell: (row) => <code>{written(row.prediction)}</code>,
  },
  {
    id: "call",
    header: "Call",
    cell: (row) => <code>{`${row.prediction_id.slice(0, 12)}, row ${row.row}`}</code>,
  },
];
