import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, useState } from "react";
import type { Axis, Brush } from "./axes";
import type { Stroke } from "./colours";
import classes from "./compare.module.css";

const HEIGHT = 300;
const TOP = 44;
const BOTTOM = 272;
const SIDE = 60;
const LEAST_APART = 120;
const GRIP = 28;
const LONGEST = 16;

interface Props {
  axes: Axis[];
  names: string[];
  strokes: Stroke[];
  inside: boolean[];
  brushes: readonly Brush[];
  onBrush: (axis: string, brush: Brush | null) => void;
  /** An axis was dragged to another place. */
  onMove: (axis: string, to: number) => void;
}

const yOf = (at: number): number => BOTTOM - at * (BOTTOM - TOP);
const atOf = (y: number): number => Math.min(Math.max((BOTTOM - y) / (BOTTOM - TOP), 0), 1);
const cut = (text: string): string =>
  text.length <= LONGEST ? text : `${text.slice(0, 8)}…${text.slice(-7)}`;

/** The drawing; the range and the table beside it say the same to those who cannot use it. */
export function ParallelPlot({ axes, names, strokes, inside, brushes, onBrush, onMove }: Props) {
  const { ref, width: room } = useElementSize();
  const width = Math.max(room, SIDE * 2 + LEAST_APART * (axes.length - 1));
  const xOf = (index: number): number =>
    SIDE + (index * (width - SIDE * 2)) / Math.max(axes.length - 1, 1);
  const placeAt = (x: number): number =>
    Math.round(((x - SIDE) * (axes.length - 1)) / Math.max(width - SIDE * 2, 1));
  const order = names
    .map((_, place) => place)
    .toSorted((a, b) => Number(inside[a]) - Number(inside[b]));
  return (
    <div ref={ref} className={classes.sideways}>
      <svg width={width} height={HEIGHT} aria-hidden="true" style={{ display: "block" }}>
        {order.map((place) => (
          <path
            key={place}
            d={lineOf(axes, place, xOf)}
            fill="none"
            stroke={`var(--${strokes[place]?.token ?? "control"})`}
            strokeWidth={inside[place] ? 2 : 1.25}
            strokeDasharray={strokes[place]?.dash ? "6 4" : undefined}
            opacity={inside[place] ? 0.9 : 0.15}
          >
            <title>{names[place]}</title>
          </path>
        ))}
        {axes.map((axis, index) => (
          <AxisLine
            key={axis.name}
            axis={axis}
            x={xOf(index)}
            brush={brushes.find((one) => one.axis === axis.name) ?? null}
            onBrush={(next) => onBrush(axis.name, next)}
            onDropAt={(at) => onMove(axis.name, placeAt(at))}
          />
        ))}
      </svg>
    </div>
  );
}

/** A run's line; it is interrupted where the run has no value. */
function lineOf(axes: Axis[], place: number, xOf: (index: number) => number): string {
  let isDrawing = false;
  return axes
    .map((axis, index) => {
      const at = axis.at[place];
      const command = isDrawing ? "L" : "M";
      isDrawing = at !== null && at !== undefined;
      return isDrawing ? `${command}${xOf(index)},${yOf(at ?? 0)}` : "";
    })
    .join("");
}

interface AxisProps {
  axis: Axis;
  x: number;
  brush: Brush | null;
  onBrush: (brush: Brush | null) => void;
  onDropAt: (x: number) => void;
}

function AxisLine({ axis, x, brush, onBrush, onDropAt }: AxisProps) {
  const [start, setStart] = useState<number | null>(null);
  const [pulled, setPulled] = useState<number | null>(null);
  const across = (event: PointerEvent<SVGGElement>): number =>
    event.clientX - (event.currentTarget.ownerSVGElement?.getBoundingClientRect().left ?? 0);
  const at = (event: PointerEvent<SVGRectElement>): number =>
    atOf(event.clientY - (event.currentTarget.ownerSVGElement?.getBoundingClientRect().top ?? 0));
  const drag = (event: PointerEvent<SVGRectElement>) => {
    if (start === null) return;
    const now = at(event);
    onBrush({ axis: axis.name, from: Math.min(start, now), to: Math.max(start, now) });
  };
  const text = { fontSize: 11, textAnchor: "middle" as const, fill: "var(--text-2)" };
  const halo = { ...text, stroke: "var(--surface)", strokeWidth: 4, paintOrder: "stroke" };
  return (
    <g>
      <g
        style={{ cursor: "ew-resize", touchAction: "none" }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setPulled(across(event));
        }}
        onPointerMove={(event) => pulled !== null && setPulled(across(event))}
        onPointerUp={(event) => {
          setPulled(null);
          onDropAt(across(event));
        }}
        onPointerCancel={() => setPulled(null)}
      >
        <text x={pulled ?? x} y={14} {...halo} fill="var(--text)" fontWeight={600}>
          {cut(axis.label)}
          <title>{axis.name}</title>
        </text>
      </g>
      <text x={x} y={32} {...halo}>
        {cut(axis.ends[1])}
      </text>
      <text x={x} y={BOTTOM + 18} {...halo}>
        {cut(axis.ends[0])}
        {axis.isLog && " (log)"}
      </text>
      <line x1={x} x2={x} y1={TOP} y2={BOTTOM} stroke="var(--control)" />
      {brush && (
        <rect
          x={x - 8}
          width={16}
          y={yOf(brush.to)}
          height={Math.max(yOf(brush.from) - yOf(brush.to), 2)}
          fill="var(--accent)"
          opacity={0.35}
        />
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the range slider does the same for the keyboard */}
      <rect
        x={x - GRIP / 2}
        width={GRIP}
        y={TOP - 6}
        height={BOTTOM - TOP + 12}
        fill="transparent"
        style={{ cursor: "ns-resize", touchAction: "pan-x" }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setStart(at(event));
        }}
        onPointerMove={drag}
        onPointerUp={() => setStart(null)}
        onPointerCancel={() => setStart(null)}
        onDoubleClick={() => onBrush(null)}
      />
    </g>
  );
}
