import { useMemo } from "react";
import { number, plural } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type MetricSeries, type Run, useCurves } from "./api";
import type { Stroke } from "./colours";
import { aligned, curveOf, positive, smoothed } from "./curves";
import type { CompareView } from "./view";

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
  const { x: kind, smooth, log } = view;
  const drawn = useMemo(() => {
    const places = curves.flatMap((series, place) =>
      series && series.points.length > 0 && !hidden.has(place) ? [{ series, place }] : [],
    );
    const { x, ys } = aligned(
      places.map(({ series }) => {
        const curve = curveOf(series, kind);
        const y = smoothed(curve.y, smooth);
        return { x: curve.x, y: log ? positive(y) : y };
      }),
    );
    const series = places.map(({ place }, index) => ({
      label: names[place] ?? "",
      values: ys[index] ?? [],
      token: strokes[place]?.token ?? "control",
      dash: strokes[place]?.dash ?? false,
    }));
    return { x, series };
  }, [curves, hidden, kind, smooth, log, names, strokes]);

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
        summary={summaryOf(drawn.series)}
        x={drawn.x}
        series={drawn.series}
        time={kind === "wall"}
        xLabel={kind === "step" ? "Step" : kind === "relative" ? "Seconds" : "Time"}
        logY={log}
      />
      <p className="caption dim">
        {[
          points < total ? `${points} of ${plural(total, "point")}, extremes kept.` : "",
          smooth > 0 ? "Smoothed: short swings are not shown." : "",
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
