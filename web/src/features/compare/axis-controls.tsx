import { Button, RangeSlider, Select, Switch } from "@mantine/core";
import { useState } from "react";
import { type Axis, type Brush, moved } from "./axes";
import type { CompareView } from "./view";

interface Props {
  axes: Axis[];
  brushes: readonly Brush[];
  onBrush: (axis: string, brush: Brush | null) => void;
  /** Names of the axes from left to right. */
  chosen: string[];
  view: CompareView;
  onView: (view: CompareView) => void;
}

const toggled = (list: string[], name: string): string[] =>
  list.includes(name) ? list.filter((one) => one !== name) : [...list, name];

/** One axis at a time: the same as dragging in the plot, for the keyboard, and its scale. */
export function AxisControls({ axes, brushes, onBrush, chosen, view, onView }: Props) {
  const [name, setName] = useState<string | null>(null);
  const axis = axes.find((one) => one.name === name);
  return (
    <div className="row wrap" style={{ gap: "var(--space-4)" }}>
      <Select
        aria-label="Axis to change"
        placeholder="Change an axis"
        size="xs"
        clearable
        data={axes.map((one) => ({ value: one.name, label: one.label }))}
        value={axis?.name ?? null}
        onChange={setName}
      />
      {axis && (
        <>
          <Narrow axis={axis} brushes={brushes} onBrush={onBrush} />
          <Switch
            size="xs"
            label="Upside down"
            checked={view.flipped.includes(axis.name)}
            onChange={() => onView({ ...view, flipped: toggled(view.flipped, axis.name) })}
          />
          <Switch
            size="xs"
            label="Log scale"
            checked={axis.isLog}
            disabled={axis.isLog && !view.logAxes.includes(axis.name)}
            onChange={() => onView({ ...view, logAxes: toggled(view.logAxes, axis.name) })}
          />
          <span className="row">
            {([-1, 1] as const).map((by) => (
              <Button
                key={by}
                variant="default"
                size="compact-xs"
                onClick={() =>
                  onView({
                    ...view,
                    axes: moved(chosen, axis.name, chosen.indexOf(axis.name) + by),
                  })
                }
              >
                {by < 0 ? "Move left" : "Move right"}
              </Button>
            ))}
          </span>
        </>
      )}
    </div>
  );
}

function Narrow({ axis, brushes, onBrush }: { axis: Axis } & Pick<Props, "brushes" | "onBrush">) {
  const brush = brushes.find((one) => one.axis === axis.name);
  return (
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
        value={[brush?.from ?? 0, brush?.to ?? 1]}
        onChange={([from, to]) =>
          onBrush(axis.name, from === 0 && to === 1 ? null : { axis: axis.name, from, to })
        }
      />
      <span className="caption dim">{axis.ends[1]}</span>
    </div>
  );
}
