import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { usePermission } from "@/api/session";
import { count, number, percent, plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { BarChart } from "@/ui/charts/bar-chart";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { type Distribution, distribution, type FeatureDrift } from "./api";
import classes from "./drift.module.css";
import { MovedRows } from "./moved-rows";
import type { Baseline, DriftWindow } from "./ranges";

interface Props {
  id: string;
  feature: FeatureDrift;
  window: DriftWindow;
  baseline: Baseline;
}

/** One feature: both distributions over the same bins, and the numbers behind its status. */
export function FeatureDetail({ id, feature, window, baseline }: Props) {
  const { data } = useSuspenseQuery(distribution(id, feature.feature, window, baseline));
  const mayReadRows = usePermission("predictions.read");
  const series = useMemo(
    () => [
      {
        label: "Reference",
        values: data.bins.map((bin) => bin.reference_share),
        token: "series-8",
      },
      { label: "Live", values: data.bins.map((bin) => bin.current_share), token: "series-1" },
    ],
    [data],
  );
  return (
    <Panel
      title={feature.feature}
      note={feature.explain}
      action={<StatusBadge status={feature.status} />}
    >
      <div className="stack">
        {data.bins.length === 0 ? (
          <EmptyState title="No distribution to show">
            {plural(data.n_current, "live value")}, {plural(data.n_reference, "reference value")}.
          </EmptyState>
        ) : (
          <BarChart
            title={`${feature.feature}, share of rows`}
            summary={feature.explain}
            labels={data.bins.map((bin) => bin.label)}
            ticks={data.bins.map((bin) => (bin.low === null ? bin.label : number(bin.low)))}
            series={series}
            format={percent}
          />
        )}
        {data.quantiles.length > 0 && <Quantiles of={data} />}
        {mayReadRows && (
          <MovedRows id={id} feature={feature.feature} window={window} baseline={baseline} />
        )}
        {feature.faults.length > 0 && (
          <Callout tone="warn" title="Data quality">
            {feature.faults.map((one) => (
              <p key={one.fault}>{one.explain}</p>
            ))}
          </Callout>
        )}
        <div className={classes.facts}>
          <Facts
            of={[
              ["Test", feature.method],
              [
                "Score",
                `${number(feature.score)} (${feature.severity}), threshold ${number(feature.threshold)}`,
              ],
              [
                "Moved by",
                feature.shift_in_sd === null
                  ? null
                  : `${number(feature.shift_in_sd)} standard deviations`,
              ],
              [
                "PSI",
                feature.psi === null
                  ? null
                  : `${number(feature.psi)}, noise ${number(feature.noise_floor)}`,
              ],
              [
                "Importance",
                feature.importance_share === null
                  ? null
                  : `${percent(feature.importance_share)}, loss ${number(feature.importance)} higher without it`,
              ],
              ["p, adjusted", feature.q_value === null ? null : number(feature.q_value)],
              [
                "Distinct",
                feature.distinct_current === null
                  ? null
                  : `about ${count(Math.round(feature.distinct_current))} live, ${count(Math.round(feature.distinct_reference ?? 0))} reference`,
              ],
              ["Rows", `${count(data.n_current)} live, ${count(data.n_reference)} reference`],
            ]}
          />
          <Facts
            of={[
              [
                "Missing",
                `${percent(feature.null_rate_current)}, reference ${percent(feature.null_rate_reference)}`,
              ],
              ["Unseen values", feature.unseen_rate === null ? null : percent(feature.unseen_rate)],
              [
                "Out of range",
                feature.out_of_range_rate === null ? null : percent(feature.out_of_range_rate),
              ],
              [
                "Wrong type",
                feature.type_error_rate === null ? null : percent(feature.type_error_rate),
              ],
            ]}
          />
        </div>
      </div>
    </Panel>
  );
}

type Quantile = Distribution["quantiles"][number];

/** Below which value so many percent of the rows lie, before and now. */
function Quantiles({ of }: { of: Distribution }) {
  return (
    <DataTable
      label={`Quantiles of ${of.feature}`}
      columns={QUANTILE_COLUMNS}
      rows={of.quantiles}
      rowKey={(row) => String(row.share)}
      phone="scroll"
    />
  );
}

const QUANTILE_COLUMNS: Column<Quantile>[] = [
  { id: "share", header: "Quantile", cell: (row) => percent(row.share) },
  { id: "reference", header: "Reference", align: "end", cell: (row) => number(row.reference) },
  { id: "current", header: "Live", align: "end", cell: (row) => number(row.current) },
  {
    id: "moved",
    header: "Moved by",
    align: "end",
    cell: (row) => number(row.current - row.reference),
  },
];
