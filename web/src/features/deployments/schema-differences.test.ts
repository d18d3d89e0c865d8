import { expect, test } from "vitest";
import { schemaDifferences } from "./schema-differences";

const column = (name: string, dtype = "double", required = true) => ({
  name,
  dtype,
  required,
  shape: null,
});

test("every change of a column that callers notice is said", () => {
  const before = {
    inputs: [column("age", "long"), column("city", "string"), column("debt"), column("same")],
    outputs: [column("0", "long")],
  };
  const after = {
    inputs: [column("age"), column("debt", "double", false), column("same"), column("income")],
    outputs: [{ ...column("0", "long"), shape: [-1, 2] }],
  };
  expect(schemaDifferences(before, after)).toEqual([
    "Input age is double instead of long.",
    "Input debt is optional now.",
    "Input income (double) is new, and callers must send it.",
    "Input city is gone.",
    "Output 0 is long [-1, 2] instead of long.",
  ]);
  expect(schemaDifferences(before, before)).toEqual([]);
});
