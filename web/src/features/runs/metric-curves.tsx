import { useQueries, useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLive } from "@/api/live";
import { number, plural } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { metricSeries, type Run } from "./api";

const AT_ONCE = 24;

/** A curve for every metric that was logged more than once. */
export function MetricCurves({ run }: { run: Run }) {
  const moved = run.latest_metrics.filter((metric) => metric.step > 0).map((metric) => metric.key);
  const shown = moved.slice(0, AT_ONCE);
  const isRunning = run.status === "RUNNING";
  useLive({ runs: [run.id], keys: shown }, isRunning);
  const counts = useQueries({
    queries: shown.map((key) => metricSeries(run.id, key, isRunning)),
    combine: (all) => all.map((one) => one.data?.total_points ?? 0),
  });
  const curves = shown.filter((_, index) => (counts[index] ?? 0) > 1);
  if (curves.length === 0) return null;
  return (
    <Panel
      title="Curves"
      note={
        moved.length > shown.length
          ? `The first ${AT_ONCE} of ${plural(moved.length, "metric")}; the search finds the others`
          : undefined
      }
    >
      <div className="stack loose">
        {curves.map((key) => (
          <View key={key} loading={<LinesSkeleton lines={6} />}>
            <Curve id={run.id} metric={key} isRunning={isRunning} />
          </View>
        ))}
      </div>
    </Panel>
  );
}

interface CurveProps {
  id: string;
  metric: string;
  isRunning: boolean;
}

function Curve({ id, metric, isRunning }: CurveProps) {
  const { data } = useSuspenseQuery(metricSeries(id, metric, isRunning));
  const x = useMemo(() => data.points.map((point) => point.step), [data]);
  const series = useMemo(
    () => [{ label: metric, values: data.points.map((point) => point.value), token: "series-1" }],
    [data, metric],
  );
  const [first, last] = [data.points[0], data.points.at(-1)];
  const sampled = data.points.length < data.total_points;
  return (
    <div>
      <LineChart
        title={metric}
        summary={`From ${number(first?.value)} at step ${first?.step} to ${number(last?.value)} at step ${last?.step}.`}
        x={x}
        series={series}
      />
      {sampled && (
        <p className="caption dim">
          {number(data.points.length)} of {plural(data.total_points, "point")}, extremes kept.
        </p>
      )}
    </div>
  );
}
