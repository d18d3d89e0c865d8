import { useMemo, useState } from "react";
import { count, number } from "@/lib/format";
import { METRIC_NAMES } from "@/lib/metric-names";
import { LineChart } from "@/ui/charts/line-chart";
import { Choice } from "@/ui/choice";
import { Panel } from "@/ui/panel";
import type { Measure, Quality } from "./api";
import type { Estimate } from "./estimate-api";

type Metric = Measure["name"];

interface Props {
  of: Quality;
  estimate: Estimate | null;
}

/** One metric over time: what came true with its interval, and what was estimated, dashed. */
export function MetricPanel({ of, estimate }: Props) {
  const from = of.total.measures.length > 0 ? of.total.measures : (estimate?.total.measures ?? []);
  const metrics = from.map((one) => one.name);
  const [chosen, setChosen] = useState<Metric | null>(null);
  const metric = metrics.find((one) => one === chosen) ?? metrics[0];
  const x = useMemo(() => of.points.map((point) => Date.parse(point.at) / 1_000), [of]);
  const series = useMemo(
    () => (metric ? [...realised(of, metric), ...estimated(of, estimate, metric)] : []),
    [of, estimate, metric],
  );
  if (!metric) return null;
  const total = of.total.measures.find((one) => one.name === metric);
  const guess = estimate?.total.measures.find((one) => one.name === metric);
  const name = METRIC_NAMES[metric];
  const title = total ? `${name} ${said(total)}` : `${name}, estimated ${said(guess)}`;
  const summary = [
    total && `${name} ${said(total)} over ${count(of.total.n)} outcomes.`,
    guess && `Estimated ${said(guess)} over ${count(estimate?.total.n ?? 0)} rows.`,
  ];
  return (
    <Panel
      title={title}
      note={note(of, total ?? guess)}
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
        title={`${name} by time of the prediction`}
        summary={summary.filter(Boolean).join(" ")}
        x={x}
        time
        dots
        series={series}
        band={[2, 3]}
      />
    </Panel>
  );
}

export function said(measure: Measure | undefined): string {
  if (!measure) return "–";
  const { value, low, high } = measure;
  const interval = low != null && high != null ? ` (${number(low)} to ${number(high)})` : "";
  return `${number(value)}${interval}`;
}

function note(of: Quality, measure: Measure | undefined): string {
  const average =
    of.task === "classification"
      ? "Averages over classes are macro averages. "
      : of.k
        ? `Over the first ${of.k} places, a mean over the queries. `
        : "";
  return measure?.method ? `${average}95 % interval: ${measure.method}.` : average;
}

/** The metric, windows with few outcomes apart, and the interval's ends. */
function realised({ points }: Quality, metric: Metric) {
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

/** Windows of both start alike; one that has few rows or lies outside is a gap. */
function estimated({ points }: Quality, estimate: Estimate | null, metric: Metric) {
  if (!estimate) return [];
  const at = new Map(estimate.points.map((point) => [Date.parse(point.at), point]));
  const values = points.map((point) => {
    const own = at.get(Date.parse(point.at));
    if (!own || own.few) return null;
    return own.measures.find((one) => one.name === metric)?.value ?? null;
  });
  return [{ label: "estimated", values, token: "series-3", dash: true }];
}
