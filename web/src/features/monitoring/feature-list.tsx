import { UnstyledButton } from "@mantine/core";
import { useMemo } from "react";
import { number, percent } from "@/lib/format";
import { Sparkline } from "@/ui/charts/sparkline";
import { type Column, DataTable } from "@/ui/data-table";
import { StatusBadge } from "@/ui/status-badge";
import type { FeatureDrift } from "./api";

interface Props {
  features: FeatureDrift[];
  chosen: string;
  onChoose: (feature: string) => void;
}

/** Every compared column with its score; choosing one shows its distribution. */
export function FeatureList({ features, chosen, onChoose }: Props) {
  const columns = useMemo(() => columnsOf(chosen, onChoose), [chosen, onChoose]);
  return (
    <DataTable
      label="Features"
      columns={columns}
      rows={features}
      rowKey={(row) => row.feature}
      onRowClick={(row) => onChoose(row.feature)}
    />
  );
}

const columnsOf = (chosen: string, onChoose: (feature: string) => void): Column<FeatureDrift>[] => [
  {
    id: "feature",
    header: "Feature",
    sortBy: (row) => row.feature,
    cell: (row) => (
      <UnstyledButton
        c="accent"
        fz="inherit"
        fw={row.feature === chosen ? 650 : 450}
        aria-pressed={row.feature === chosen}
        onClick={() => onChoose(row.feature)}
      >
        {row.feature}
        {row.role === "prediction" && <span className="dim"> (prediction)</span>}
      </UnstyledButton>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (row) => <StatusBadge status={row.status} title={row.explain} />,
  },
  { id: "method", header: "Test", cell: (row) => row.method },
  {
    id: "score",
    header: "Score",
    align: "end",
    sortBy: (row) => row.score,
    cell: (row) => number(row.score),
  },
  { id: "threshold", header: "Threshold", align: "end", cell: (row) => number(row.threshold) },
  {
    id: "trend",
    header: "Trend",
    cell: (row) =>
      row.trend.filter((score) => score !== null).length < 2 ? (
        <span className="dim">–</span>
      ) : (
        <Sparkline values={row.trend} label={`Score of ${row.feature} over the last windows`} />
      ),
  },
  {
    id: "missing",
    header: "Missing",
    align: "end",
    sortBy: (row) => row.null_rate_current,
    cell: (row) => percent(row.null_rate_current),
  },
];
