import { expect, test } from "vitest";
import { environmentRows, packagesIn, pythonIn } from "./environment";

test("packages are read whatever way they are pinned", () => {
  const text =
    "mlflow==3.17.2\nscikit_learn == 1.9.1\n# note\nnumpy<3,>=2\npandas\nx[y]==1 # why\n-r other.txt";
  expect(packagesIn(text)).toEqual({
    mlflow: "3.17.2",
    "scikit-learn": " 1.9.1".trim(),
    numpy: "<3,>=2",
    pandas: "any",
    x: "1",
  });
  expect(pythonIn("python: 3.11.7\nbuild_dependencies:\n- pip")).toBe("3.11.7");
  expect(pythonIn("name: x")).toBeNull();
});

test("a package that one run lacks has a row with a gap", () => {
  const rows = environmentRows([
    { python: "3.11", packages: { numpy: "2.4" } },
    { python: "3.12", packages: {} },
    null,
  ]);
  expect(rows.map((row) => [row.key, row.cells])).toEqual([
    ["python", ["3.11", "3.12", null]],
    ["numpy", ["2.4", null, null]],
  ]);
  expect(environmentRows([null])).toEqual([]);
});
