import { MultiSelect, SegmentedControl, Select, Slider, Switch } from "@mantine/core";
import { useMemo } from "react";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";
import type { Stroke } from "./colours";
import { MetricChart } from "./metric-chart";
import { RunKey } from "./run-key";
import { type CompareView, X_KINDS } from "./view";

const MOST_CHARTS = 12;
const X_NAMES = { step: "Step", relative: "Relative time", wall: "Wall time", metric: "Metric" };

interface Props {
  runs: Run[];
  names: string[];
  strokes: Stroke[];
  charted: string[];
  hidden: ReadonlySet<number>;
  onToggle: (place: number) => void;
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** The curves of the chosen metrics, all runs over one another. */
export function CurvesPanel(props: Props) {
  const { runs, charted, view, onView } = props;
  const known = useMemo(
    () => [...new Set([...runs.flatMap((run) => Object.keys(run.metrics)), ...charted])].toSorted(),
    [runs, charted],
  );
  if (known.length === 0) return null;
  return (
    <Panel title="Curves" note="One chart for each metric. Drag to zoom, double-click to go back.">
      <div className="stack">
        <div className="row wrap" style={{ gap: "var(--space-4)" }}>
          <SegmentedControl
            aria-label="Horizontal axis"
            size="xs"
            data={X_KINDS.map((value) => ({ value, label: X_NAMES[value] }))}
            value={view.x}
            onChange={(x) => onView({ ...view, x: X_KINDS.find((one) => one === x) ?? "step" })}
          />
          {view.x === "metric" && (
            <Select
              aria-label="Metric on the horizontal axis"
              placeholder="Choose a metric"
              size="xs"
              data={known}
              value={view.xMetric || null}
              onChange={(xMetric) => onView({ ...view, xMetric: xMetric ?? "" })}
              searchable
              limit={100}
            />
          )}
          <Switch
            label="Log y"
            checked={view.log}
            onChange={(event) => onView({ ...view, log: event.currentTarget.checked })}
          />
          <div className="row" style={{ flex: "0 1 280px", minWidth: 220 }}>
            <span className="small">Smoothing</span>
            <Slider
              thumbLabel="Smoothing"
              style={{ flex: 1 }}
              label={null}
              min={0}
              max={0.99}
              step={0.01}
              value={view.smooth}
              onChange={(smooth) => onView({ ...view, smooth })}
            />
            <span className="small num" style={{ width: 30 }}>
              {view.smooth.toFixed(2)}
            </span>
          </div>
        </div>
        <MultiSelect
          label="Metrics"
          data={known}
          value={charted}
          onChange={(metrics) => onView({ ...view, metrics })}
          maxValues={MOST_CHARTS}
          searchable
          limit={100}
          nothingFoundMessage="No run has such a metric"
        />
        <RunKey {...props} />
        <div className="grid-2 top">
          {charted.slice(0, MOST_CHARTS).map((metric) => (
            <MetricChart key={metric} metric={metric} {...props} />
          ))}
        </div>
      </div>
    </Panel>
  );
}
