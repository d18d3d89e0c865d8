import type { MetricSeries } from "./api";
import type { XKind } from "./view";

export interface Curve {
  x: number[];
  y: (number | null)[];
}

/** A series over steps, seconds since its first point, or instants; in order of x, the last value where one x repeats. */
export function curveOf({ points }: MetricSeries, kind: XKind): Curve {
  const start = Math.min(...points.map((point) => Date.parse(point.at)));
  const xOf = (point: MetricSeries["points"][number]): number => {
    if (kind === "step") return point.step;
    const at = Date.parse(point.at);
    return (kind === "relative" ? at - start : at) / 1_000;
  };
  const byX = new Map(points.map((point) => [xOf(point), point.value]));
  const sorted = [...byX].toSorted(([a], [b]) => a - b);
  return { x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y) };
}

/** An exponential mean that starts at the first value instead of at zero; gaps stay gaps. */
export function smoothed(values: (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return values;
  let [mean, seen] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    mean = mean * weight + value * (1 - weight);
    seen += 1;
    return mean / (1 - weight ** seen);
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
