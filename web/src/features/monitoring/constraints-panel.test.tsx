import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ConstraintsPanel } from "./constraints-panel";

const AT = "2026-11-21T08:00:00Z";
const PATH = "/api/v1/deployments/d1/constraints";
const age = {
  column: "age",
  type: "integer" as const,
  minimum: 18,
  maximum: 90,
  max_missing_share: 0,
  max_broken_share: 0.01,
};
const city = { column: "city", allowed: ["Bern", "Basel"], max_broken_share: 0.01 };

const asked = (change: Partial<Shape<"ConstraintsOut">> = {}): Shape<"ConstraintsOut"> => ({
  version: 3,
  columns: [age],
  proposed: [age, city],
  source: "datasets/train.csv",
  is_provisional: false,
  updated_at: AT,
  updated_by_name: "Pat",
  ...change,
});

const aCheck = (change: Partial<Shape<"CheckResult">>): Shape<"CheckResult"> => ({
  column: "age",
  check: "missing",
  status: "ok",
  values: 400,
  broken: 0,
  share: 0,
  allowed_share: 0,
  explain: "age is there: 0 of 400 values are not (0.0%).",
  examples: [],
  ...change,
});

const found = (change: Partial<Shape<"ViolationsOut">> = {}): Shape<"ViolationsOut"> => ({
  window: "24h",
  since: AT,
  until: AT,
  version: 3,
  status: "broken",
  reason: "1 of 3 checks are broken.",
  rows: 400,
  checks: [
    aCheck({
      check: "range",
      status: "broken",
      broken: 20,
      share: 0.05,
      allowed_share: 0.01,
      explain: "age is from 18 to 90: 20 of 400 values are not (5.0%).",
      examples: [{ prediction_id: "p-17", row: 2 }],
    }),
    aCheck({}),
  ],
  ...change,
});

const show = () => renderView(<ConstraintsPanel id="d1" window="24h" />);

test("what is asked of a column is said with the values that do not hold it, and changed", async () => {
  answers("get", PATH, asked());
  answers("get", `${PATH}/violations`, found());
  const sent = answers("put", PATH, asked({ version: 4 }));
  await show();
  const row = within(await screen.findByRole("table", { name: "Constraints" }));
  expect(row.getByText("a whole number, from 18 to 90, never missing")).toBeVisible();
  expect(row.getByText("Broken")).toBeVisible();
  expect(row.getByText("20 (5 %)")).toBeVisible();
  expect(row.getByText("p-17, row 2")).toBeVisible();

  await userEvent.click(row.getByRole("button", { name: "Change age" }));
  const most = await screen.findByRole("textbox", { name: "At most" });
  await userEvent.clear(most);
  await userEvent.type(most, "100");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await expect.poll(() => sent).toHaveLength(1);
  expect(sent[0]).toEqual({ columns: [{ ...age, maximum: 100 }], based_on: 3 });
});

test("a column is added as training proposes it; a change of somebody else is told", async () => {
  answers("get", PATH, asked());
  answers("get", `${PATH}/violations`, found());
  const why = "Somebody changed the constraints meanwhile; read them again.";
  refuses("put", PATH, 409, "monitoring.constraints_moved", why);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Add a column" }));
  expect(await screen.findByRole("combobox", { name: "Column" })).toHaveValue("city");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText(why)).toBeVisible();
});

test("while nothing is asked the proposal can be used", async () => {
  answers("get", PATH, asked({ version: 0, columns: [] }));
  const nothing = { status: "none" as const, version: 0, rows: 0, checks: [] };
  answers("get", `${PATH}/violations`, found(nothing));
  const sent = answers("put", PATH, asked());
  await show();
  expect(await screen.findByText(/2 columns of datasets\/train.csv propose/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Use the proposal" }));
  await expect.poll(() => sent).toEqual([{ columns: [age, city], based_on: 0 }]);
});
