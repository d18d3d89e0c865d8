import { number } from "@/lib/format";
import type { Run } from "./api";
import { changed, type DiffRow } from "./diff";

const MOST_CATEGORIES = 12;
const USUAL_PARAMS = 4;
const USUAL_METRICS = 2;
const DECADES = 100;

/** One vertical line of the plot: where each run crosses it, from 0 (bottom) to 1 (top); null when it has no value. */
export interface Axis {
  name: string;
  label: string;
  at: (number | null)[];
  shown: string[];
  /** What stands at the bottom and at the top. */
  ends: [string, string];
  isLog: boolean;
}

export interface Brush {
  axis: string;
  from: number;
  to: number;
}

const raw = (run: Run, name: string): string | number | null => {
  const key = name.slice(name.indexOf(".") + 1);
  return (name.startsWith("params.") ? run.params[key] : run.metrics[key]) ?? null;
};

/** The axis of a parameter or metric, with numbers to scale and words spread evenly. */
export function axisOf(name: string, runs: Run[], as: Turned = PLAIN): Axis {
  const axis = straight(name, runs, as.isLog);
  if (!as.isFlipped) return axis;
  const [bottom, top] = axis.ends;
  return { ...axis, at: axis.at.map((at) => (at === null ? null : 1 - at)), ends: [top, bottom] };
}

/** How an axis is drawn when a person chose it so. */
export interface Turned {
  isFlipped: boolean;
  isLog: boolean;
}

const PLAIN: Turned = { isFlipped: false, isLog: false };

function straight(name: string, runs: Run[], asLog: boolean): Axis {
  const values = runs.map((run) => raw(run, name));
  const numbers = values.map((value) => (value === null || value === "" ? null : Number(value)));
  const label = name.slice(name.indexOf(".") + 1);
  const shown = values.map((value) =>
    value === null ? "–" : typeof value === "number" ? number(value) : value,
  );
  const known = numbers.filter((value) => value !== null);
  if (known.length > 0 && known.every(Number.isFinite))
    return scaled({ name, label, shown }, numbers, asLog);
  const words = [...new Set(values.filter((value) => value !== null).map(String))].toSorted();
  const place = (value: string | number | null) =>
    value === null
      ? null
      : words.length === 1
        ? 0.5
        : words.indexOf(String(value)) / (words.length - 1);
  const ends: [string, string] = [words[0] ?? "–", words.at(-1) ?? "–"];
  return { name, label, shown, at: values.map(place), ends, isLog: false };
}

function scaled(
  base: Pick<Axis, "name" | "label" | "shown">,
  values: (number | null)[],
  asLog: boolean,
): Axis {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const isLog = low > 0 && (asLog || high / low >= DECADES);
  const f = isLog ? Math.log10 : (value: number) => value;
  const span = f(high) - f(low);
  const at = values.map((value) =>
    value === null ? null : span === 0 ? 0.5 : (f(value) - f(low)) / span,
  );
  return { ...base, at, ends: [number(low), number(high)], isLog };
}

/** What can be an axis: parameters that differ and metrics. */
export const axisNames = (rows: DiffRow[]): string[] => [
  ...rows
    .filter((row) => row.group === "Parameters" && changed(row))
    .map((row) => `params.${row.key}`),
  ...rows.filter((row) => row.group === "Metrics, last").map((row) => `metrics.${row.key}`),
];

/** The axes until a person chooses: parameters that differ with few words, then metrics. */
export function usualAxes(names: string[], runs: Run[], charted: string[]): string[] {
  const params = names.filter((name) => {
    const values = new Set(runs.map((run) => raw(run, name)));
    const isNumeric = [...values].every((value) => Number.isFinite(Number(value ?? 0)));
    return name.startsWith("params.") && (isNumeric || values.size <= MOST_CATEGORIES);
  });
  const metrics = names.filter((name) => name.startsWith("metrics."));
  const told = metrics.filter((name) => charted.includes(name.slice("metrics.".length)));
  return [
    ...params.slice(0, USUAL_PARAMS),
    ...(told.length > 0 ? told : metrics).slice(0, USUAL_METRICS),
  ];
}

/** Whether a run crosses every brushed part; every run does while nothing is brushed. */
export const inBrushes = (axes: Axis[], brushes: readonly Brush[], run: number): boolean =>
  brushes.every((brush) => {
    const axis = axes.find((one) => one.name === brush.axis);
    if (!axis) return true;
    const at = axis.at[run];
    return at !== null && at !== undefined && at >= brush.from - 1e-9 && at <= brush.to + 1e-9;
  });

/** Sets the brush of one axis, or takes it away. */
export const brushed = (brushes: readonly Brush[], axis: string, next: Brush | null): Brush[] => [
  ...brushes.filter((one) => one.axis !== axis),
  ...(next ? [next] : []),
];

/** Puts an axis at another place. */
export function moved(names: readonly string[], name: string, to: number): string[] {
  const others = names.filter((one) => one !== name);
  return others.toSpliced(Math.min(Math.max(to, 0), others.length), 0, name);
}
