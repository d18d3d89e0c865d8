import { Button, MultiSelect } from "@mantine/core";
import { useMemo, useState } from "react";
import { plural } from "@/lib/format";
import { ChartFrame } from "@/ui/charts/chart-frame";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";
import { axisNames, axisOf, type Brush, brushed, inBrushes, moved, usualAxes } from "./axes";
import { AxisControls } from "./axis-controls";
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

/** Parameters and metrics as parallel axes, a line for each run; axes can be narrowed, moved, turned and made logarithmic. */
export function ParallelPanel({ runs, names, strokes, rows, charted, view, onView }: Props) {
  const [brushes, setBrushes] = useState<Brush[]>([]);
  const brush = (axis: string, next: Brush | null) => setBrushes(brushed(brushes, axis, next));
  const known = useMemo(() => axisNames(rows), [rows]);
  const chosen = view.axes ?? usualAxes(known, runs, charted);
  const list = chosen.join();
  const { flipped, logAxes } = view;
  const axes = useMemo(
    () =>
      list
        .split(",")
        .filter(Boolean)
        .map((name) =>
          axisOf(name, runs, {
            isFlipped: flipped.includes(name),
            isLog: logAxes.includes(name),
          }),
        ),
    [list, runs, flipped, logAxes],
  );
  const inside = runs.map((_, place) => inBrushes(axes, brushes, place));
  const kept = runs.filter((_, place) => inside[place]);
  const isNarrowed = brushes.length > 0 && kept.length < runs.length;
  if (known.length === 0) return null;
  return (
    <Panel
      title="Parallel coordinates"
      note="Each line is a run. Drag along an axis to keep the runs that cross it there, drag its name to move it; below is the same for the keyboard."
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
                brushes={brushes}
                onBrush={brush}
                onMove={(name, to) => onView({ ...view, axes: moved(chosen, name, to) })}
              />
            </ChartFrame>
            <AxisControls
              axes={axes}
              brushes={brushes}
              onBrush={brush}
              chosen={chosen}
              view={view}
              onView={onView}
            />
            <div className="row wrap small" aria-live="polite">
              {brushes.length > 0
                ? `${kept.length} of ${plural(runs.length, "run")} cross the ${brushes.length === 1 ? "range" : "ranges"}.`
                : "No axis is narrowed."}
              {brushes.length > 0 && (
                <Button variant="default" size="xs" onClick={() => setBrushes([])}>
                  {brushes.length === 1 ? "Clear range" : "Clear ranges"}
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
