import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number } from "@/lib/format";
import { useTokens } from "../use-tokens";
import { alone } from "./alone";
import { ChartFrame } from "./chart-frame";
import { drawMarks } from "./drawing";

export interface Series {
  label: string;
  /** A null is a gap; an undefined, where only other series have a point, is drawn through. */
  values: (number | null | undefined)[];
  /** Token name: "series-1" … "series-8", or "depth-1" … "depth-3" for ordered ones; "bad" for errors. */
  token: string;
  dash?: boolean;
  /** What lies under a smoothed line: thin, pale, and not in the legend. */
  faint?: boolean;
}

interface Props {
  title: string;
  summary: string;
  /** Steps, or instants as seconds since 1970 when `time` is set. */
  x: number[];
  series: Series[];
  time?: boolean;
  xLabel?: string;
  /** A dashed horizontal line. */
  threshold?: { value: number; label: string };
  /** Vertical marks, e.g. deployments. */
  marks?: { x: number; label: string }[];
  /** Positions of the series that bound a shaded band: upper, lower. */
  band?: [upper: number, lower: number];
  /** Dots on every value, for values that stand alone. */
  dots?: boolean;
  fromZero?: boolean;
  logY?: boolean;
  height?: number;
  format?: (value: number | null | undefined) => string;
}

/** Lines over steps or time, drawn on a canvas. Gaps are missing values, never zeros. */
export function LineChart(props: Props) {
  const {
    title,
    summary,
    x,
    series,
    time = false,
    xLabel = time ? "Time" : "Step",
    height = 220,
  } = props;
  const { fromZero = false, logY = false, threshold, marks, band, format = number } = props;
  const dots = props.dots ?? x.length <= 2;
  const host = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize();
  const tokens = useTokens();
  const [cursor, setCursor] = useState<number | null>(null);
  const data = useMemo<uPlot.AlignedData>(
    () => [x, ...series.map((one) => one.values)],
    [x, series],
  );
  const shape = JSON.stringify([
    series.map((one) => [one.label, one.token, one.dash, one.faint]),
    threshold,
    marks,
    band,
    dots,
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for series, threshold, marks, band and dots
  useEffect(() => {
    if (!host.current || width === 0) return;
    const axis = {
      stroke: tokens("text-2"),
      font: "11px Inter Variable, sans-serif",
      grid: { stroke: tokens("border"), width: 1 },
      ticks: { show: false },
    };
    const plot = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: {
          x: { time },
          y: {
            distr: logY ? 3 : 1,
            range: (_, low, high) => padded(low, high, fromZero, logY, threshold?.value),
          },
        },
        axes: [
          { ...axis, size: 28, ...(time ? { values: clockTicks } : {}) },
          {
            ...axis,
            size: 56,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : format(tick))),
          },
        ],
        series: [
          {},
          ...series.map((one) => ({
            label: one.label,
            stroke: one.faint ? pale(tokens(one.token)) : tokens(one.token),
            width: one.faint ? 1 : 1.75,
            spanGaps: false,
            points: one.faint
              ? { show: false }
              : dots
                ? { show: true, size: 6 }
                : { show: true, size: 6, filter: () => alone(one.values) },
            ...(one.dash ? { dash: [6, 4] } : {}),
          })),
        ],
        ...(band
          ? { bands: [{ series: [band[0] + 1, band[1] + 1], fill: pale(tokens("border")) }] }
          : {}),
        hooks: {
          setCursor: [(chart) => setCursor(chart.cursor.idx ?? null)],
          draw: [(chart) => drawMarks(chart, tokens, threshold, marks)],
        },
      },
      data,
      host.current,
    );
    return () => plot.destroy();
  }, [width, height, tokens, data, time, fromZero, logY, shape]);

  const clear = series.filter((one) => !one.faint);
  const at = cursor === null ? undefined : x[cursor];
  return (
    <ChartFrame
      title={title}
      summary={summary}
      legend={[
        ...clear.map((one) => ({
          label: one.label,
          colour: `var(--${one.token})`,
          value: format(
            cursor === null
              ? one.values.findLast((value) => typeof value === "number")
              : one.values[cursor],
          ),
        })),
        ...(at === undefined
          ? []
          : [{ label: time ? clock(at) : `${xLabel} ${at}`, colour: "transparent" }]),
      ]}
      table={{
        head: [xLabel, ...clear.map((one) => one.label)],
        rows: x.map((value, index) => [
          time ? clock(value) : String(value),
          ...clear.map((one) => format(one.values[index])),
        ]),
      }}
    >
      <div ref={measured} style={{ height }}>
        <div ref={host} />
      </div>
    </ChartFrame>
  );
}

/** A colour at a quarter of its strength; tokens are written #rrggbb. */
const pale = (colour: string): string => (/^#[0-9a-f]{6}$/i.test(colour) ? `${colour}40` : colour);

function padded(
  low: number,
  high: number,
  fromZero: boolean,
  log: boolean,
  threshold?: number,
): [number, number] {
  const bottom = Math.min(low ?? 0, threshold ?? low ?? 0);
  const top = Math.max(high ?? 1, threshold ?? high ?? 1);
  if (fromZero && top <= 0) return [0, 1];
  if (log) return [bottom > 0 ? bottom / 1.5 : 1e-6, top > 0 ? top * 1.5 : 1];
  if (fromZero && top <= 0) return [0, 1];
  const room = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [fromZero ? 0 : bottom - room, top + room];
}

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const clock = (seconds: number): string => CLOCK.format(new Date(seconds * 1_000));

function clockTicks(_: uPlot, ticks: number[], __: number, ___: number, step: number): string[] {
  const style: Intl.DateTimeFormatOptions =
    step >= 86_400
      ? { day: "numeric", month: "short" }
      : { hour: "2-digit", minute: "2-digit", ...(step < 60 ? { second: "2-digit" } : {}) };
  const words = new Intl.DateTimeFormat("en-GB", style);
  return ticks.map((tick) => words.format(new Date(tick * 1_000)));
}
