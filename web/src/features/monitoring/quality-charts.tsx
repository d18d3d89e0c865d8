import { useMemo, useState } from "react";
import { count, number, percent } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import type { Measure, Quality } from "./api";

type Metric = Measure["name"];
type ClassRow = Quality["classes"][number];

export const METRIC_NAMES: Record<Metric, string> = {
  accuracy: "Accuracy",
  precision: "Precision",
  recall: "Recall",
  f1: "F1",
  auc: "AUC",
  log_loss: "Log loss",
  brier: "Brier score",
  calibration_error: "Calibration error",
  mae: "MAE",
  rmse: "RMSE",
  mape: "MAPE",
  r2: "R²",
};

/** One metric over time with its interval, coverage, and the classes. */
export function QualityCharts({ of }: { of: Quality }) {
  const metrics = of.total.measures.map((one) => one.name);
  const [chosen, setChosen] = useState<Metric | null>(null);
  const metric = metrics.find((one) => one === chosen) ?? metrics[0];
  const x = useMemo(() => of.points.map((point) => Date.parse(point.at) / 1_000), [of]);
  const series = useMemo(() => (metric ? seriesOf(of, metric) : []), [of, metric]);
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
  const total = of.total.measures.find((one) => one.name === metric);
  if (!metric || !total) return null;
  return (
    <>
      <Panel
        title={`${METRIC_NAMES[metric]} ${said(total)}`}
        note={note(of, total)}
        action={
          <Choice
            label="Metric"
            value={metric}
            options={metrics}
            names={METRIC_NAMES}
            onChange={setChosen}
          />
        }
      >
        <LineChart
          title={`${METRIC_NAMES[metric]} by time of the prediction`}
          summary={`${METRIC_NAMES[metric]} ${said(total)} over ${count(of.total.n)} outcomes.`}
          x={x}
          time
          dots
          series={series}
          band={[2, 3]}
        />
      </Panel>
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

function said({ value, low, high }: Measure): string {
  const interval = low != null && high != null ? ` (${number(low)} to ${number(high)})` : "";
  return `${number(value)}${interval}`;
}

function note(of: Quality, { method }: Measure): string {
  const average = of.task === "classification" ? "Averages over classes are macro averages. " : "";
  return method ? `${average}95 % interval: ${method}.` : average;
}

/** The metric, windows with few outcomes apart, and the interval's ends. */
function seriesOf({ points }: Quality, metric: Metric) {
  const found = points.map((point) => point.measures.find((one) => one.name === metric));
  const value = (at: number) => found[at]?.value ?? null;
  return [
    {
      label: METRIC_NAMES[metric],
      values: points.map((point, at) => (point.few ? null : value(at))),
      token: "series-1",
    },
    {
      label: "fewer than 30 outcomes",
      values: points.map((point, at) => (point.few ? value(at) : null)),
      token: "series-8",
    },
    {
      label: "upper end",
      values: found.map((one) => one?.high ?? null),
      token: "control",
      dash: true,
    },
    {
      label: "lower end",
      values: found.map((one) => one?.low ?? null),
      token: "control",
      dash: true,
    },
  ];
}

const measureColumn = (name: Metric): Column<ClassRow> => ({
  id: name,
  header: METRIC_NAMES[name],
  align: "end",
  cell: (row) => {
    const found = row.measures.find((one) => one.name === name);
    return found ? said(found) : "–";
  },
});

const CLASS_COLUMNS: Column<ClassRow>[] = [
  { id: "label", header: "Class", cell: (row) => <code>{row.label}</code> },
  { id: "n", header: "Outcomes", align: "end", cell: (row) => count(row.n) },
  ...(["precision", "recall", "f1"] as const).map(measureColumn),
];
