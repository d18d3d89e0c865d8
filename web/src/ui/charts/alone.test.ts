import { expect, test } from "vitest";
import { alone } from "./alone";

test("only values without a neighbour are drawn as points", () => {
  expect(alone([null, 3, null, 1, 2, null, 4])).toEqual([1, 6]);
  expect(alone([5])).toEqual([0]);
  expect(alone([1, 2, 3])).toEqual([]);
});
