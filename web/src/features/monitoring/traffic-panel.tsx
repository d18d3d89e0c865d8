import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { count, latency, number, percent, plural } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { Choice } from "@/ui/choice";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Stat } from "@/ui/stat";
import { type Traffic, traffic } from "./api";
import { Dropped } from "./dropped";
import { TRAFFIC_RANGES, type TrafficRange } from "./ranges";

interface Props {
  id: string;
  range: TrafficRange;
  onRange: (range: TrafficRange) => void;
}

/** Requests, errors and latency of a deployment over a range. */
export function TrafficPanel({ id, range, onRange }: Props) {
  const { data } = useSuspenseQuery(traffic(id, range));
  const { total } = data;
  const errors = total.errors_4xx + total.errors_5xx;
  return (
    <div className="stack">
      <div className="row between wrap">
        <h2 style={{ fontSize: "1.125rem" }}>Traffic</h2>
        <Choice label="Range" value={range} options={TRAFFIC_RANGES} onChange={onRange} />
      </div>
      <div className="grid-4">
        <Stat label="Requests" value={count(total.requests)} note={`in the last ${range}`} />
        <Stat
          label="Error rate"
          value={total.requests === 0 ? "–" : percent(errors / total.requests)}
          note={`${count(total.errors_4xx)} refused, ${count(total.errors_5xx)} failed`}
        />
        <Stat label="p50 latency" value={latency(total.p50_ms)} note="half answer faster" />
        <Stat
          label="p95 / p99 latency"
          value={latency(total.p95_ms)}
          note={`p99 ${latency(total.p99_ms)}`}
        />
      </div>
      <Dropped of={data} />
      {total.requests === 0 ? (
        <Panel>
          <EmptyState title={`No requests in the last ${range}`}>
            Send one from the API tab, or choose a longer range. Calls from the console are not
            counted here.
          </EmptyState>
        </Panel>
      ) : (
        <Charts of={data} />
      )}
    </div>
  );
}

function Charts({ of }: { of: Traffic }) {
  const x = useMemo(() => of.points.map((point) => Date.parse(point.at) / 1_000), [of]);
  const series = useMemo(() => seriesOf(of), [of]);
  const { total } = of;
  return (
    <div className="grid-3">
      <Panel>
        <LineChart
          title="Requests a minute"
          summary={`${plural(total.requests, "request")} in the range.`}
          x={x}
          time
          fromZero
          series={series.requests}
        />
      </Panel>
      <Panel>
        <LineChart
          title="Errors"
          summary={`${count(total.errors_4xx)} refused and ${count(total.errors_5xx)} failed calls.`}
          x={x}
          time
          fromZero
          series={series.errors}
        />
      </Panel>
      <Panel>
        <LineChart
          title="Latency, ms"
          summary={`p50 ${number(total.p50_ms)}, p95 ${number(total.p95_ms)}, p99 ${number(total.p99_ms)} ms.`}
          x={x}
          time
          fromZero
          series={series.latency}
        />
      </Panel>
    </div>
  );
}

function seriesOf({ points, step_seconds: step }: Traffic) {
  return {
    requests: [
      {
        label: "requests",
        values: points.map((point) => (point.requests * 60) / step),
        token: "series-1",
      },
    ],
    errors: [
      { label: "refused", values: points.map((point) => point.errors_4xx), token: "series-4" },
      { label: "failed", values: points.map((point) => point.errors_5xx), token: "bad" },
    ],
    latency: [
      { label: "p50", values: points.map((point) => point.p50_ms), token: "depth-1" },
      { label: "p95", values: points.map((point) => point.p95_ms), token: "depth-2" },
      { label: "p99", values: points.map((point) => point.p99_ms), token: "depth-3" },
    ],
  };
}
