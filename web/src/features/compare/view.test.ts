import { expect, test } from "vitest";
import { type CompareView, compareSearch, searchOf, viewOf } from "./view";

const plain: CompareView = {
  runs: ["a", "b"],
  base: "",
  all: false,
  metrics: null,
  axes: null,
  flipped: [],
  logAxes: [],
  scatter: [],
  x: "step",
  xMetric: "",
  smooth: 0,
  log: false,
};

test("an address says no more than what is not usual", () => {
  expect(searchOf(plain)).toEqual({ runs: "a,b" });
});

test.each<Partial<CompareView>>([
  {},
  { base: "b", all: true, x: "wall", smooth: 0.6, log: true },
  { x: "metric", xMetric: "val/loss", scatter: ["params.lr", "metrics.loss"] },
  { flipped: ["params.lr"], logAxes: ["metrics.loss", "params.lr"] },
  { metrics: [], axes: ["params.lr", "metrics.val/loss"] },
  { runs: [] },
])("what an address says is read back: %o", (change) => {
  const view = { ...plain, ...change };
  expect(viewOf(compareSearch({ ...searchOf(view) }))).toEqual(view);
});

test("what is wrong in an address falls back", () => {
  const search = { runs: "a,,a", x: "sideways", smooth: "5", all: "maybe", log: {} };
  expect(viewOf(compareSearch(search))).toEqual({ ...plain, runs: ["a"] });
});
