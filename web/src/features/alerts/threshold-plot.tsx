import { useRef } from "react";
import classes from "./alerts.module.css";
import { type Signal, shown } from "./condition-words";
import type { Preview } from "./rules-api";

interface Props {
  of: Preview;
  signal: Signal;
  threshold: number;
  onThreshold: (value: number) => void;
}

const WIDTH = 1000;
const HEIGHT = 200;

/** The signal over the past with a limit that is dragged, or moved with the arrow keys. */
export function ThresholdPlot({ of, signal, threshold, onThreshold }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const values = of.points.map((point) => point.value);
  const top = Math.max(threshold * 1.25, ...values.map((value) => value ?? 0), 1e-9) * 1.05;
  const place = (value: number): number => (1 - value / top) * 100;
  const drag = (clientY: number) => {
    const box = host.current?.getBoundingClientRect();
    if (!box) return;
    const share = Math.min(1, Math.max(0, 1 - (clientY - box.top) / box.height));
    onThreshold(rounded(share * top));
  };
  const step = top / 50;
  return (
    <div ref={host} className={classes.plot}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`The signal over the past, at most ${shown(signal, Math.max(0, ...values.map((value) => value ?? 0)))}`}
      >
        {of.fired.map((one) => (
          <rect
            key={one.since}
            x={at(of, one.since)}
            width={Math.max(2, at(of, one.until ?? of.until) - at(of, one.since))}
            y={0}
            height={HEIGHT}
            fill="var(--bad-bg)"
          />
        ))}
        {lines(values).map((line) => (
          <polyline
            key={line.start}
            fill="none"
            stroke="var(--series-1)"
            strokeWidth={1.75}
            vectorEffect="non-scaling-stroke"
            points={line.values
              .map((value, n) => {
                const x = (WIDTH * (line.start + n)) / Math.max(1, values.length - 1);
                return `${x},${(place(value) / 100) * HEIGHT}`;
              })
              .join(" ")}
          />
        ))}
      </svg>
      <div
        className={classes.handle}
        role="slider"
        tabIndex={0}
        aria-label="Limit"
        aria-orientation="vertical"
        aria-valuemin={0}
        aria-valuemax={Number(top.toFixed(4))}
        aria-valuenow={threshold}
        aria-valuetext={shown(signal, threshold)}
        style={{ top: `${place(threshold)}%` }}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.buttons === 1 && drag(event.clientY)}
        onKeyDown={(event) => {
          const way = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
          if (way === undefined) return;
          event.preventDefault();
          onThreshold(rounded(Math.max(0, threshold + way * step)));
        }}
      >
        <span>{shown(signal, threshold)}</span>
      </div>
    </div>
  );
}

/** Three significant digits: nobody needs 512.37421. */
const rounded = (value: number): number => Number(value.toPrecision(3));

function at(of: Preview, when: string): number {
  const [since, until] = [Date.parse(of.since), Date.parse(of.until)];
  return (WIDTH * (Date.parse(when) - since)) / (until - since);
}

/** The stretches without a gap. */
function lines(values: (number | null)[]): { start: number; values: number[] }[] {
  const found: { start: number; values: number[] }[] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last && last.start + last.values.length === index) last.values.push(value);
    else found.push({ start: index, values: [value] });
  });
  return found;
}
