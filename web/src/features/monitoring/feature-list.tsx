import { UnstyledButton } from "@mantine/core";
import { useMemo } from "react";
import { number, percent } from "@/lib/format";
import { Sparkline } from "@/ui/charts/sparkline";
import { type Column, DataTable } from "@/ui/data-table";
import { StatusBadge, toneOf } from "@/ui/status-badge";
import { toneClass } from "@/ui/tone";
import type { FeatureDrift } from "./api";
import classes from "./drift.module.css";

interface Props {
  features: FeatureDrift[];
  chosen: string;
  onChoose: (feature: string) => void;
}

/** Every compared column with its score; choosing one shows its distribution. */
export function FeatureList({ features, chosen, onChoose }: Props) {
  const hasTrend = features.some((one) => isTrend(one.trend));
  const columns = useMemo(
    () => columnsOf(chosen, onChoose).filter((one) => hasTrend || one.id !== "trend"),
    [chosen, onChoose, hasTrend],
  );
  return (
    <DataTable
      label="Features"
      columns={columns}
      rows={features}
      rowKey={(row) => row.feature}
      onRowClick={(row) => onChoose(row.feature)}
      phone="scroll"
    />
  );
}

const isTrend = (trend: FeatureDrift["trend"]) =>
  trend.filter((score) => score !== null).length > 1;

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
        {row.role === "prediction" && <span className="dim"> (output)</span>}
      </UnstyledButton>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (row) => <StatusBadge status={row.status} title={row.explain} />,
  },
  {
    id: "score",
    header: "Score",
    align: "end",
    sortBy: (row) => row.score,
    cell: (row) => (
      <>
        <span
          className={`${classes.meter} ${toneClass(toneOf(row.status))}`}
          style={{ "--share": `${Math.min(100, 100 * (row.score ?? 0))}%` }}
        />
        <span className={classes.score}>{number(row.score)}</span>
      </>
    ),
  },
  {
    id: "trend",
    header: "Trend",
    cell: (row) =>
      isTrend(row.trend) ? (
        <Sparkline values={row.trend} label={`Score of ${row.feature} over the last windows`} />
      ) : (
        <span className="dim">–</span>
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
