import { Button, MultiSelect, RangeSlider, Select } from "@mantine/core";
import { useMemo, useState } from "react";
import { plural } from "@/lib/format";
import { ChartFrame } from "@/ui/charts/chart-frame";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";
import { type Axis, axisNames, axisOf, type Brush, inBrush, usualAxes } from "./axes";
import type { Stroke } from "./colours";
import type { DiffRow } from "./diff";
import { ParallelPlot } from "./parallel-plot";
import { type CompareView, FEWEST } from "./view";

interface Props {
  runs: Run[];
  names: string[];
  strokes: Stroke[];
  rows: DiffRow[];
  charted: string[];
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** Parameters and metrics as parallel axes, a line for each run; one axis can be narrowed. */
export function ParallelPanel({ runs, names, strokes, rows, charted, view, onView }: Props) {
  const [brush, setBrush] = useState<Brush | null>(null);
  const known = useMemo(() => axisNames(rows), [rows]);
  const chosen = view.axes ?? usualAxes(known, runs, charted);
  const list = chosen.join();
  const axes = useMemo(
    () =>
      list
        .split(",")
        .filter(Boolean)
        .map((name) => axisOf(name, runs)),
    [list, runs],
  );
  const inside = runs.map((_, place) => inBrush(axes, brush, place));
  const kept = runs.filter((_, place) => inside[place]);
  const isNarrowed = brush !== null && kept.length < runs.length;
  if (known.length === 0) return null;
  return (
    <Panel
      title="Parallel coordinates"
      note="Each line is a run. Drag along an axis, or use the range below, to keep the runs that cross it there."
    >
      <div className="stack">
        <MultiSelect
          label="Axes, left to right"
          data={[...new Set([...known, ...chosen])]}
          value={chosen}
          onChange={(next) => onView({ ...view, axes: next })}
          maxValues={10}
          searchable
          limit={100}
        />
        {axes.length >= 2 ? (
          <>
            <ChartFrame
              title="Runs over parameters and metrics"
              summary={`${plural(runs.length, "run")} over ${axes.map((axis) => axis.label).join(", ")}.`}
              table={{
                head: ["Run", ...axes.map((axis) => axis.name)],
                rows: runs.map((_, place) => [
                  names[place] ?? "",
                  ...axes.map((axis) => axis.shown[place] ?? "–"),
                ]),
              }}
            >
              <ParallelPlot
                axes={axes}
                strokes={strokes}
                names={names}
                inside={inside}
                brush={brush}
                onBrush={setBrush}
              />
            </ChartFrame>
            <Narrow axes={axes} brush={brush} onBrush={setBrush} />
            <div className="row wrap small" aria-live="polite">
              {brush
                ? `${kept.length} of ${plural(runs.length, "run")} cross the range.`
                : "No axis is narrowed."}
              {brush && (
                <Button variant="default" size="xs" onClick={() => setBrush(null)}>
                  Clear range
                </Button>
              )}
              {isNarrowed && kept.length >= FEWEST && (
                <Button
                  variant="default"
                  size="xs"
                  onClick={() => onView({ ...view, runs: kept.map((run) => run.id) })}
                >
                  Compare only these {kept.length}
                </Button>
              )}
            </div>
          </>
        ) : (
          <p className="dim">Choose at least two axes.</p>
        )}
      </div>
    </Panel>
  );
}

interface NarrowProps {
  axes: Axis[];
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
}

/** The same as dragging on an axis, for the keyboard. */
function Narrow({ axes, brush, onBrush }: NarrowProps) {
  const axis = axes.find((one) => one.name === brush?.axis);
  return (
    <div className="row wrap" style={{ gap: "var(--space-4)" }}>
      <Select
        aria-label="Axis to narrow"
        placeholder="Narrow an axis"
        size="xs"
        clearable
        data={axes.map((one) => ({ value: one.name, label: one.label }))}
        value={axis?.name ?? null}
        onChange={(name) => onBrush(name === null ? null : { axis: name, from: 0, to: 1 })}
      />
      {axis && brush && (
        <div className="row" style={{ flex: "1 1 240px" }}>
          <span className="caption dim">{axis.ends[0]}</span>
          <RangeSlider
            style={{ flex: 1 }}
            thumbFromLabel={`Lowest ${axis.label}`}
            thumbToLabel={`Highest ${axis.label}`}
            label={null}
            min={0}
            max={1}
            step={0.01}
            minRange={0.01}
            value={[brush.from, brush.to]}
            onChange={([from, to]) => onBrush({ ...brush, from, to })}
          />
          <span className="caption dim">{axis.ends[1]}</span>
        </div>
      )}
    </div>
  );
}
