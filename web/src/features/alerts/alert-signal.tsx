import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Shape } from "@/api/types";
import { latency, number, percent } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Panel } from "@/ui/panel";
import { alertSignal } from "./api";

type Unit = Shape<"SignalChart">["unit"];

const FORMATS: Record<Unit, (value: number | null | undefined) => string> = {
  share: percent,
  ms: latency,
  per_minute: number,
  columns: number,
  metric: number,
  rate: number,
};
const UNITS: Record<Unit, string> = {
  share: "share of calls",
  ms: "time per call",
  per_minute: "calls per minute",
  columns: "columns",
  metric: "by day of the predictions",
  rate: "times the budget",
};

const seconds = (at: string): number => Date.parse(at) / 1_000;

/** The course of what fired first, with what was done beside it. */
export function AlertSignal({ id }: { id: string }) {
  const { data } = useSuspenseQuery(alertSignal(id));
  const points = useMemo(() => sinceFirst(data), [data]);
  const x = useMemo(() => points.map((point) => seconds(point.at)), [points]);
  const series = useMemo(
    () => [
      { label: "Value", values: points.map((point) => point.value), token: "series-1" },
      { label: "Limit", values: points.map((point) => point.limit), token: "bad", dash: true },
    ],
    [points],
  );
  if (x.length === 0) return null;
  return (
    <Panel
      title="The signal"
      note="D deployed, A the alert began, C somebody acted, R resolved; times are local"
    >
      <LineChart
        title={`${data.name}, ${UNITS[data.unit]}`}
        summary={`${data.name}: ${points.length} values and the limit, with ${data.marks.length} marks.`}
        x={x}
        series={series}
        time
        fromZero={data.unit !== "metric"}
        marks={data.marks.map((mark) => ({ x: seconds(mark.at), label: mark.letter }))}
        format={FORMATS[data.unit]}
      />
      <ul className="small dim">
        {data.marks.map((mark) => (
          <li key={`${mark.letter} ${mark.at}`}>
            <strong>{mark.letter}</strong> {new Date(mark.at).toLocaleString("en-GB")}: {mark.text}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** A metric from the day before its first value on: there may be none for weeks. */
function sinceFirst({ unit, points }: Shape<"SignalChart">) {
  const first = points.findIndex((point) => point.value !== null);
  return unit === "metric" && first > 1 ? points.slice(first - 1) : points;
}
