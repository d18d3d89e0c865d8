import { useMemo } from "react";
import { count, number, percent } from "@/lib/format";
import { METRIC_NAMES } from "@/lib/metric-names";
import { LineChart } from "@/ui/charts/line-chart";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import type { Measure, Quality } from "./api";
import type { Estimate } from "./estimate-api";
import { MetricPanel, said } from "./metric-panel";

type Metric = Measure["name"];
type ClassRow = Quality["classes"][number];

/** One metric over time with its interval and estimate, coverage, and the classes. */
export function QualityCharts({ of, estimate }: { of: Quality; estimate: Estimate | null }) {
  const x = useMemo(() => of.points.map((point) => Date.parse(point.at) / 1_000), [of]);
  const coverage = useMemo(
    () => [
      {
        label: "coverage",
        values: of.points.map((point) => point.coverage),
        token: "series-1",
      },
      {
        label: "maturity",
        values: of.points.map((point) => point.maturity),
        token: "series-8",
        dash: true,
      },
    ],
    [of],
  );
  if (of.total.measures.length === 0) return null;
  return (
    <>
      <MetricPanel of={of} estimate={estimate} />
      <Panel>
        <LineChart
          title="Coverage: share of calls with an outcome; maturity: share of outcomes due by now"
          summary={`${percent(of.total.coverage)} in the range, maturity ${percent(of.total.maturity)}.`}
          x={x}
          time
          dots
          fromZero
          series={coverage}
          format={percent}
        />
      </Panel>
      {of.currency && <ValueChart of={of} x={x} currency={of.currency} />}
      {of.classes.length > 0 && (
        <Panel title="Classes" flush>
          <DataTable
            label="Classes"
            columns={CLASS_COLUMNS}
            rows={of.classes}
            rowKey={(row) => row.label}
          />
        </Panel>
      )}
    </>
  );
}

/** Money per window, where somebody said what outcomes are worth. */
function ValueChart({ of, x, currency }: { of: Quality; x: number[]; currency: string }) {
  const series = useMemo(
    () => [{ label: "value", values: of.points.map((point) => point.value), token: "series-1" }],
    [of],
  );
  const total = number(of.total.value);
  return (
    <Panel title={`Value ${total} ${currency}`} note="By the time of the prediction">
      <LineChart
        title={`Value per window, ${currency}`}
        summary={`${total} ${currency} in the range.`}
        x={x}
        time
        dots
        fromZero
        series={series}
      />
    </Panel>
  );
}

const measureColumn = (name: Metric): Column<ClassRow> => ({
  id: name,
  header: METRIC_NAMES[name],
  align: "end",
  cell: (row) => {
    const found = row.measures.find((one) => one.name === name);
    return said(found);
  },
});

const CLASS_COLUMNS: Column<ClassRow>[] = [
  { id: "label", header: "Class", cell: (row) => <code>{row.label}</code> },
  { id: "n", header: "Outcomes", align: "end", cell: (row) => count(row.n) },
  ...(["precision", "recall", "f1"] as const).map(measureColumn),
];
