import { expect, test } from "vitest";
import { Refusal } from "@/api/refusal";
import { mistakeIn } from "./filter-mistake";
import { NEWEST_FIRST, orderOf, pressed, sortIn, sortName } from "./order";
import { idsIn, ranged, toggled, whyNotCompared } from "./selection";

const SHOWN = ["a", "b", "c", "d", "e"];

test("selecting twice is as before, and nothing is selected twice", () => {
  for (const before of [[], ["b"], ["d", "a"]])
    for (const id of SHOWN) {
      const once = toggled(before, id);
      expect(new Set(once).size).toBe(once.length);
      expect(toggled(once, id).toSorted()).toEqual(before.toSorted());
      expect(idsIn(once.join(","))).toEqual(once);
    }
});

test("a range takes all between its ends from either side and keeps what was selected", () => {
  for (const from of SHOWN)
    for (const to of SHOWN) {
      const there = ranged(["e"], SHOWN, from, to);
      expect(there.toSorted()).toEqual(ranged(["e"], SHOWN, to, from).toSorted());
      expect(there).toEqual(expect.arrayContaining(["e", from, to]));
    }
  expect(ranged([], SHOWN, "b", "d")).toEqual(["b", "c", "d"]);
});

test("a range from a row that is not shown any more selects the row alone", () => {
  expect(ranged(["a"], SHOWN, "gone", "c")).toEqual(["a", "c"]);
});

test("two to fifty runs can be compared", () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => String(i));
  const can = [0, 1, 2, 50, 51].map((n) => whyNotCompared(many(n)) === null);
  expect(can).toEqual([false, false, true, true, false]);
});

test("every sortable column is found again in its order, quoted for the server", () => {
  const columns = [
    "name",
    "status",
    "started",
    "author",
    "metrics.val/loss",
    "params.a b",
    "tags.x.y",
  ];
  for (const column of columns)
    for (const descending of [true, false])
      expect(sortIn(orderOf({ column, descending }), columns)).toEqual({ column, descending });
  expect(sortIn(NEWEST_FIRST, columns)).toEqual({ column: "started", descending: true });
  expect(sortName("metrics.val/loss")).toBe("metrics.`val/loss`");
  expect(sortName("duration")).toBeNull();
  expect(sortIn("metrics.gone DESC", columns)).toBeNull();
});

test("pressing a header turns its order; metrics start with the largest", () => {
  expect(pressed(NEWEST_FIRST, "metrics.acc")).toBe("metrics.`acc` DESC");
  expect(pressed("metrics.`acc` DESC", "metrics.acc")).toBe("metrics.`acc` ASC");
  expect(pressed(NEWEST_FIRST, "name")).toBe("attributes.run_name ASC");
});

const refused = (extra: Record<string, unknown>) =>
  new Refusal({ status: 422, code: "tracking.filter_refused", detail: "No.", extra });

test("a mistake is where the server says, and nowhere when it says nothing sensible", () => {
  expect(mistakeIn("metrics.a ~ 1", refused({ start: 10, end: 11 }))).toEqual({
    start: 10,
    end: 11,
  });
  expect(mistakeIn("metrics.a >", refused({ start: 11, end: 11 }))).toEqual({ start: 11, end: 11 });
  expect(mistakeIn("a = a", refused({}))).toBeNull();
  expect(mistakeIn("a = a", refused({ start: 4, end: 40 }))).toBeNull();
});
