import { expect, test } from "vitest";
import { bestOf, direction } from "@/lib/direction";
import { aRun } from "./a-run";
import { changed, type DiffRow, delta, improved, rowsOf } from "./diff";

const row = (cells: DiffRow["cells"], better: DiffRow["better"] = null): DiffRow => ({
  group: "Metrics, last",
  key: "m",
  cells,
  better,
});
const VALUES = [null, "", "a", "1", 0, -0, 1, 2.5, Number.MAX_VALUE];

test("a row has changed exactly when two of its values are unlike, whatever their order", () => {
  for (const a of VALUES)
    for (const b of VALUES) {
      expect(changed(row([a, b]))).toBe(changed(row([b, a])));
      expect(changed(row([a, b, a]))).toBe(!Object.is(a, b));
      expect(changed(row([a, a, a]))).toBe(false);
    }
});

test("a difference turns its sign with the baseline and is none to itself or to words", () => {
  for (const a of VALUES)
    for (const b of VALUES) {
      const [there, back] = [delta(row([a, b]), 1, 0), delta(row([a, b]), 0, 1)];
      const areNumbers = typeof a === "number" && typeof b === "number";
      expect(there === null).toBe(!areNumbers);
      if (there !== null && back !== null) expect(there + back).toBe(0);
      expect(delta(row([a, b]), 0, 0)).toBeNull();
    }
});

test("better follows the metric's direction and is not claimed without one", () => {
  expect(improved(row([1, 2], "up"), 1)).toBe(true);
  expect(improved(row([1, 2], "down"), 1)).toBe(false);
  expect(improved(row([1, 2]), 1)).toBeNull();
  expect(improved(row([1, 1], "up"), 0)).toBeNull();
});

test.each([
  ["val/loss", "down"],
  ["valLoss", "down"],
  ["RMSE", "down"],
  ["test_accuracy", "up"],
  ["f1_macro", "up"],
  ["weights/norm", null],
  ["glossary_size", null],
  ["terror_index", null],
])("the name %s says that %s is better", (name, way) => expect(direction(name)).toBe(way));

test("the best value skips gaps", () => {
  expect(bestOf([null, 3, 1, null, 2], "down")).toBe(1);
  expect(bestOf([null, 3, 1, null, 2], "up")).toBe(3);
  expect(bestOf([null], "up")).toBeNull();
});

test("rows cover what any run has, with nothing where a run has none", () => {
  const runs = [
    aRun("a", { params: { lr: "1" }, metrics: { loss: 0.2 } }),
    aRun("b", { params: { lr: "1", opt: "adam" }, metrics: { loss: null } }),
  ];
  const rows = rowsOf(runs, new Map([["loss", [0.1, 0.3]]]));
  const told = rows.map((one) => [one.group, one.key, ...one.cells]);
  expect(told).toContainEqual(["Parameters", "lr", "1", "1"]);
  expect(told).toContainEqual(["Parameters", "opt", null, "adam"]);
  expect(told).toContainEqual(["Metrics, last", "loss", 0.2, null]);
  expect(told).toContainEqual(["Metrics, best", "loss (lowest)", 0.1, 0.3]);
  for (const one of rows) expect(one.cells).toHaveLength(runs.length);
});

test("data sets and the commit are compared, MLflow's own tags are not", () => {
  const data = { id: "d", name: "train", source_type: null, columns: [], profile: null };
  const set = { ...data, digest: "abc", role: "training", row_count: 400 };
  const runs = [
    aRun("a", { datasets: [set], source: { git_commit: "a1" }, tags: { "mlflow.user": "x" } }),
    aRun("b", { datasets: [], source: { git_commit: "b2" }, tags: { "mlflow.user": "y" } }),
  ];
  const different = rowsOf(runs, new Map()).filter(changed);
  expect(different.map((one) => [one.key, ...one.cells])).toEqual([
    ["training", "train abc, 400 rows", null],
    ["git_commit", "a1", "b2"],
  ]);
});
