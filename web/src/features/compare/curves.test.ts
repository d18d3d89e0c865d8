import { expect, test } from "vitest";
import type { MetricSeries } from "./api";
import { aligned, curveOf, positive, smoothed } from "./curves";

const WAVE = Array.from({ length: 60 }, (_, step) => Math.sin(step) + step / 20);
const steps = (y: (number | null)[]) => ({ x: y.map((_, step) => step), y });
const series = (
  ...points: [step: number, second: number, value: number | null][]
): MetricSeries => ({
  key: "loss",
  total_points: points.length,
  points: points.map(([step, second, value]) => ({
    step,
    at: new Date(1_700_000_000_000 + second * 1_000).toISOString(),
    value,
  })),
});

test("smoothing stays within the values seen so far and leaves a constant alone", () => {
  for (const weight of [0, 0.3, 0.9, 0.99]) {
    const drawn = smoothed(steps(WAVE), weight);
    drawn.forEach((value, index) => {
      const seen = WAVE.slice(0, index + 1);
      expect(value).toBeGreaterThanOrEqual(Math.min(...seen) - 1e-9);
      expect(value).toBeLessThanOrEqual(Math.max(...seen) + 1e-9);
    });
    for (const value of smoothed(steps([4, 4, 4]), weight)) expect(value).toBeCloseTo(4);
  }
  expect(smoothed(steps([1, null, 3]), 0.5)[1]).toBeNull();
});

test("each curve keeps its own points; gaps stay null and foreign places are undefined", () => {
  const curves = [
    { x: [0, 2, 4], y: [1, null, 3] },
    { x: [1, 2], y: [5, 6] },
  ];
  const { x, ys } = aligned(curves);
  expect(x).toEqual([0, 1, 2, 4]);
  expect(ys).toEqual([
    [1, undefined, null, 3],
    [undefined, 5, 6, undefined],
  ]);
});

test("relative time starts at nought for every run, whatever the order of arrival", () => {
  const late = series([1, 30, 0.5], [0, 10, 0.9]);
  expect(curveOf(late, "relative")).toEqual({ x: [0, 20], y: [0.9, 0.5] });
  expect(curveOf(late, "step")).toEqual({ x: [0, 1], y: [0.9, 0.5] });
  expect(curveOf(late, "wall").x[0]).toBe(1_700_000_010);
});

test("the last of several values at one step counts", () => {
  expect(curveOf(series([0, 0, 1], [0, 1, 2]), "step")).toEqual({ x: [0], y: [2] });
});

test("a log axis leaves out what it cannot show", () => {
  expect(positive([1, 0, -1, null, 1e-9])).toEqual([1, null, null, null, 1e-9]);
});

test("the mean forgets by distance: far apart, the newer value counts more", () => {
  const near = smoothed({ x: [0, 1, 2, 3], y: [0, 0, 0, 1] }, 0.9);
  const far = smoothed({ x: [0, 1, 2, 30], y: [0, 0, 0, 1] }, 0.9);
  expect(far[3] ?? 0).toBeGreaterThan(near[3] ?? 0);
});

test("another metric as x joins at the step; steps without it are left out", () => {
  const loss = series([0, 0, 0.9], [1, 1, 0.5], [2, 2, 0.4]);
  const seen = series([0, 0, 100], [2, 2, 300]);
  expect(curveOf(loss, "metric", seen)).toEqual({ x: [100, 300], y: [0.9, 0.4] });
});
