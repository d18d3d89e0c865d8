import type { MetricSeries } from "./api";
import type { XKind } from "./view";

export interface Curve {
  x: number[];
  y: (number | null)[];
}

type Point = MetricSeries["points"][number];

/** A series over steps, seconds since its first point, instants, or another metric; in order of x, the last value where one x repeats. */
export function curveOf({ points }: MetricSeries, kind: XKind, other?: MetricSeries | null): Curve {
  const start = Math.min(...points.map((point) => Date.parse(point.at)));
  const byStep = new Map(other?.points.map((point) => [point.step, point.value]));
  const xOf = (point: Point): number | null => {
    if (kind === "step") return point.step;
    if (kind === "metric") return byStep.get(point.step) ?? null;
    const at = Date.parse(point.at);
    return (kind === "relative" ? at - start : at) / 1_000;
  };
  const placed = points.flatMap((point): [number, number | null][] => {
    const x = xOf(point);
    return x === null ? [] : [[x, point.value]];
  });
  const sorted = [...new Map(placed)].toSorted(([a], [b]) => a - b);
  return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) };
}

/** The distance in x that counts as one step of the mean: the middle one. */
function typical(x: number[]): number {
  const gaps = x.slice(1).map((value, index) => value - (x[index] ?? value));
  return gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] || 1;
}

/** An exponential mean that starts at the first value instead of at zero and forgets by distance in x; gaps stay gaps. */
export function smoothed({ x, y }: Curve, weight: number): (number | null)[] {
  if (weight === 0) return y;
  const unit = typical(x);
  let [sum, mass] = [0, 0];
  let before: number | null = null;
  return y.map((value, index) => {
    if (value === null) return null;
    const at = x[index] ?? 0;
    const kept = weight ** (before === null ? 0 : (at - before) / unit);
    before = at;
    [sum, mass] = [sum * kept + value, mass * kept + 1];
    return sum / mass;
  });
}

/** All curves over one x: undefined where a curve has no point, which is drawn through, unlike a gap. */
export function aligned(curves: Curve[]): { x: number[]; ys: (number | null | undefined)[][] } {
  const x = [...new Set(curves.flatMap((curve) => curve.x))].toSorted((a, b) => a - b);
  const ys = curves.map((curve) => {
    const at = new Map(curve.x.map((value, index) => [value, curve.y[index]]));
    return x.map((value) => at.get(value));
  });
  return { x, ys };
}

/** What a logarithmic axis can show: values above zero. */
export const positive = (values: (number | null)[]): (number | null)[] =>
  values.map((value) => (value !== null && value > 0 ? value : null));
