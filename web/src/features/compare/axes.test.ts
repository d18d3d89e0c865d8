import { expect, test } from "vitest";
import { aRun } from "./a-run";
import { axisOf, inBrushes, moved, usualAxes } from "./axes";

const runs = [
  aRun("a", { params: { lr: "0.001", opt: "adam" }, metrics: { loss: 3 } }),
  aRun("b", { params: { lr: "0.1", opt: "sgd" }, metrics: { loss: 1 } }),
  aRun("c", { params: { lr: "1", opt: "rmsprop" }, metrics: { loss: null } }),
];

test("numbers are scaled between their ends, over decades by their logarithm", () => {
  expect(axisOf("metrics.loss", runs)).toMatchObject({ at: [1, 0, null], isLog: false });
  const lr = axisOf("params.lr", runs);
  expect(lr.isLog).toBe(true);
  expect(lr.at[1]).toBeCloseTo(2 / 3);
});

test("words are spread evenly", () => {
  expect(axisOf("params.opt", runs)).toMatchObject({ at: [0, 1, 0.5], ends: ["adam", "sgd"] });
});

test("every place is between the ends, also for one value, none and mixed kinds", () => {
  for (const value of ["7", "", "x", "NaN", "1e400"]) {
    const mixed = [...runs, aRun("d", { params: { lr: value, only: value } })];
    for (const name of ["params.lr", "params.only", "params.none", "metrics.loss"])
      for (const at of axisOf(name, mixed).at)
        if (at !== null) expect(at >= 0 && at <= 1).toBe(true);
  }
});

test("a brush keeps the runs that cross it; a run without the value does not", () => {
  const axes = [axisOf("metrics.loss", runs)];
  const brush = { axis: "metrics.loss", from: 0, to: 0.5 };
  expect(runs.map((_, place) => inBrushes(axes, [brush], place))).toEqual([false, true, false]);
  const full = { ...brush, to: 1 };
  expect(runs.map((_, place) => inBrushes(axes, [full], place))).toEqual([true, true, false]);
  expect(inBrushes(axes, [], 2)).toBe(true);
  expect(inBrushes([], [brush], 0)).toBe(true);
});

test("the usual axes are parameters first, then the charted metrics", () => {
  const names = ["params.lr", "params.opt", "metrics.acc", "metrics.loss"];
  expect(usualAxes(names, runs, ["loss"])).toEqual(["params.lr", "params.opt", "metrics.loss"]);
});

test("an axis turned upside down or made logarithmic keeps every run on it", () => {
  const turned = axisOf("metrics.loss", runs, { isFlipped: true, isLog: true });
  expect(turned).toMatchObject({ at: [0, 1, null], isLog: true, ends: ["3", "1"] });
});

test("an axis moves to a place, also beyond the ends", () => {
  expect(moved(["a", "b", "c"], "a", 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b", "c"], "c", -3)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b", "c"], "a", 9)).toEqual(["b", "c", "a"]);
});
