import { Select } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import { plural } from "@/lib/format";
import { ChartFrame } from "@/ui/charts/chart-frame";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";
import { type Axis, axisNames, axisOf, usualAxes } from "./axes";
import type { Stroke } from "./colours";
import type { DiffRow } from "./diff";
import type { CompareView } from "./view";

interface Props {
  runs: Run[];
  names: string[];
  strokes: Stroke[];
  rows: DiffRow[];
  charted: string[];
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** Two parameters or metrics against each other, a dot for each run. */
export function ScatterPanel({ runs, names, strokes, rows, charted, view, onView }: Props) {
  const known = useMemo(() => axisNames(rows), [rows]);
  const usual = usualAxes(known, runs, charted);
  const [x = usual[0] ?? "", y = usual.at(-1) ?? ""] = view.scatter;
  const across = useMemo(() => axisOf(x, runs), [x, runs]);
  const up = useMemo(() => axisOf(y, runs), [y, runs]);
  if (known.length < 2) return null;
  const data = [...new Set([...known, x, y])].filter(Boolean);
  return (
    <Panel title="Scatter" note="Each dot is a run.">
      <div className="stack">
        <div className="row wrap">
          <Select
            label="Across"
            size="xs"
            data={data}
            value={x}
            onChange={(next) => next && onView({ ...view, scatter: [next, y] })}
            allowDeselect={false}
            searchable
            limit={100}
          />
          <Select
            label="Up"
            size="xs"
            data={data}
            value={y}
            onChange={(next) => next && onView({ ...view, scatter: [x, next] })}
            allowDeselect={false}
            searchable
            limit={100}
          />
        </div>
        <ChartFrame
          title={`${up.label} over ${across.label}`}
          summary={`${plural(runs.length, "run")}: ${up.label} from ${up.ends.join(" to ")}, ${across.label} from ${across.ends.join(" to ")}.`}
          table={{
            head: ["Run", x, y],
            rows: names.map((name, place) => [
              name,
              across.shown[place] ?? "–",
              up.shown[place] ?? "–",
            ]),
          }}
        >
          <Dots across={across} up={up} names={names} strokes={strokes} />
        </ChartFrame>
      </div>
    </Panel>
  );
}

const HEIGHT = 280;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 16, 14, 40];

interface DotsProps {
  across: Axis;
  up: Axis;
  names: string[];
  strokes: Stroke[];
}

function Dots({ across, up, names, strokes }: DotsProps) {
  const { ref, width: room } = useElementSize();
  const width = Math.max(room, 280);
  const xOf = (at: number) => LEFT + 8 + at * (width - LEFT - RIGHT - 16);
  const yOf = (at: number) => HEIGHT - BOTTOM - 8 - at * (HEIGHT - TOP - BOTTOM - 16);
  const text = { fontSize: 11, fill: "var(--text-2)" };
  return (
    <div ref={ref}>
      <svg width={width} height={HEIGHT} aria-hidden="true" style={{ display: "block" }}>
        <path
          d={`M${LEFT},${TOP}V${HEIGHT - BOTTOM}H${width - RIGHT}`}
          fill="none"
          stroke="var(--control)"
        />
        <text x={LEFT} y={HEIGHT - BOTTOM + 16} {...text}>
          {across.ends[0]}
        </text>
        <text x={width - RIGHT} y={HEIGHT - BOTTOM + 16} textAnchor="end" {...text}>
          {across.ends[1]}
        </text>
        <text x={(LEFT + width) / 2} y={HEIGHT - 6} textAnchor="middle" {...text}>
          {across.label}
          {across.isLog && " (log)"}
        </text>
        <text x={LEFT - 6} y={HEIGHT - BOTTOM} textAnchor="end" {...text}>
          {up.ends[0]}
        </text>
        <text x={LEFT - 6} y={TOP + 10} textAnchor="end" {...text}>
          {up.ends[1]}
        </text>
        {names.map((name, place) => {
          const [x, y] = [across.at[place], up.at[place]];
          if (x === null || x === undefined || y === null || y === undefined) return null;
          return (
            <circle
              key={name}
              cx={xOf(x)}
              cy={yOf(y)}
              r={6}
              fill={`var(--${strokes[place]?.token ?? "control"})`}
              stroke="var(--surface)"
              strokeWidth={1.5}
            >
              <title>{`${name}: ${across.shown[place]}, ${up.shown[place]}`}</title>
            </circle>
          );
        })}
      </svg>
    </div>
  );
}
