import { useMemo } from "react";
import { number, plural } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type MetricSeries, type Run, useCurves } from "./api";
import type { Stroke } from "./colours";
import { aligned, curveOf, positive, smoothed } from "./curves";
import type { CompareView } from "./view";

const MOST_RAW = 8;
const NONE: Run[] = [];
const X_LABELS = { step: "Step", relative: "Seconds", wall: "Time" };

interface Props {
  metric: string;
  runs: Run[];
  names: string[];
  strokes: Stroke[];
  hidden: ReadonlySet<number>;
  view: CompareView;
}

/** One metric of all runs. */
export function MetricChart({ metric, runs, names, strokes, hidden, view }: Props) {
  const { curves, isPending, error } = useCurves(runs, metric);
  const { x: kind, smooth, log, xMetric } = view;
  const { curves: others } = useCurves(kind === "metric" && xMetric ? runs : NONE, xMetric);
  const drawn = useMemo(() => {
    const places = curves.flatMap((series, place) =>
      series && series.points.length > 0 && !hidden.has(place) ? [{ series, place }] : [],
    );
    const raw = places.map(({ series, place }) => curveOf(series, kind, others[place]));
    const withRaw = smooth > 0 && raw.length <= MOST_RAW;
    const shown = (y: (number | null)[]) => (log ? positive(y) : y);
    const { x, ys } = aligned([
      ...raw.map((curve) => ({ x: curve.x, y: shown(smoothed(curve, smooth)) })),
      ...(withRaw ? raw.map((curve) => ({ x: curve.x, y: shown(curve.y) })) : []),
    ]);
    const series = ys.map((values, index) => {
      const place = places[index % places.length]?.place ?? 0;
      const faint = index >= places.length;
      return {
        label: names[place] ?? "",
        values,
        token: strokes[place]?.token ?? "control",
        dash: !faint && (strokes[place]?.dash ?? false),
        faint,
      };
    });
    return { x, series };
  }, [curves, others, hidden, kind, smooth, log, names, strokes]);

  if (kind === "metric" && !xMetric)
    return <p className="dim">Choose the metric for the horizontal axis.</p>;
  if (isPending) return <LinesSkeleton lines={7} />;
  if (error) return <Refused error={error} />;
  const read = curves.filter((one) => one !== null);
  const total = read.reduce((sum, one) => sum + one.total_points, 0);
  const points = read.reduce((sum, one) => sum + one.points.length, 0);
  const without = runs.length - read.length;
  return (
    <div>
      <LineChart
        title={metric}
        summary={summaryOf(drawn.series.filter((one) => !one.faint))}
        x={drawn.x}
        series={drawn.series}
        time={kind === "wall"}
        xLabel={kind === "metric" ? xMetric : X_LABELS[kind]}
        logY={log}
      />
      <p className="caption dim">
        {[
          points < total ? `${points} of ${plural(total, "point")}, extremes kept.` : "",
          smooth > 0 && drawn.series.some((one) => one.faint)
            ? "Smoothed, over the values as they were logged."
            : "",
          smooth > 0 && !drawn.series.some((one) => one.faint)
            ? "Smoothed: short swings are not shown."
            : "",
          kind === "metric" ? `Only steps that also have ${xMetric}.` : "",
          log && hasNone(read) ? "Values of 0 and below have no place on a log axis." : "",
          without > 0 ? `${plural(without, "run")} without this metric.` : "",
        ].join(" ")}
      </p>
    </div>
  );
}

function summaryOf(series: { label: string; values: (number | null | undefined)[] }[]): string {
  const ends = series.map(({ label, values }) => {
    const last = values.findLast((value) => typeof value === "number");
    return `${label} ends at ${number(last)}`;
  });
  return `${ends.join(", ")}.`;
}

const hasNone = (series: MetricSeries[]): boolean =>
  series.some((one) => one.points.some((point) => point.value !== null && point.value <= 0));
