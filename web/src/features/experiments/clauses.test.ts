import { expect, test } from "vitest";
import { clauseOf, clausesIn, groupClause, joined } from "./clauses";
import { columnsNamed, columnsText } from "./columns";
import { NEWEST_FIRST } from "./order";
import { restored, searchOf, stateOf, viewOf } from "./table-view";

test("a filter is taken apart at AND outside of quotes, and put together again", () => {
  const clauses = ["metrics.`a AND b` > 1", "params.c = 'x and y'", "tags.d IS NULL"];
  expect(clausesIn(joined(clauses))).toEqual(clauses);
  expect(clausesIn("metrics.a > 1 and params.b = 'x'")).toEqual([
    "metrics.a > 1",
    "params.b = 'x'",
  ]);
  expect(clausesIn("")).toEqual([]);
  expect(clausesIn("params.a = 'open")).toBeNull();
});

test("comparisons are written so that the server reads them, whatever is in them", () => {
  expect(clauseOf("metrics.val/loss", "<", "0.5")).toBe("metrics.`val/loss` < 0.5");
  expect(clauseOf("metrics.loss", "<", "many")).toBeNull();
  expect(clauseOf("params.name", "=", "it's")).toBe("params.name = 'it''s'");
  expect(clauseOf("tags.team", "IS NULL", "")).toBe("tags.team IS NULL");
  expect(groupClause("author", "Ana")).toBe("attributes.user_id = 'Ana'");
  expect(groupClause("params.a b", null)).toBe("params.`a b` IS NULL");
});

test("columns and views survive the address", () => {
  const columns = ["status", "metrics.a,b", "params.c"] as const;
  expect(columnsNamed(columnsText(columns))).toEqual(columns);
  const view = {
    filter: "metrics.a > 1 AND tags.b = '&='",
    order: "metrics.`a` DESC",
    cols: "status",
    group: "params.c",
    base: "r1",
    selected: "r1,r2",
    view: "v1",
  };
  expect(viewOf(searchOf(view))).toEqual(view);
  expect(restored(stateOf(view), "v1", "r1,r2")).toEqual(view);
  const usual = { ...view, filter: "", order: NEWEST_FIRST, cols: "", group: "", base: "" };
  expect(restored(stateOf(usual), "v1", "r1,r2")).toEqual(usual);
});
