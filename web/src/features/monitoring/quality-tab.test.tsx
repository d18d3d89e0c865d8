import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { QualityTab } from "./quality-tab";

const PATH = "/api/v1/deployments/d1/quality";
const AT = "2026-11-21T00:00:00Z";
const wilson = { value: 0.9, low: 0.85, high: 0.94, method: "Wilson" };

function aPoint(change: Partial<Shape<"QualityPoint">> = {}): Shape<"QualityPoint"> {
  return {
    at: "2026-11-20T00:00:00Z",
    n: 200,
    calls: 400,
    coverage: 0.5,
    maturity: 0.9,
    value: null,
    few: false,
    measures: [
      { name: "accuracy", ...wilson },
      { name: "f1", value: 0.875, low: null, high: null, method: null },
    ],
    ...change,
  };
}

function aQuality(change: Partial<Shape<"QualityOut">> = {}): Shape<"QualityOut"> {
  const few = aPoint({
    at: "2026-11-21T00:00:00Z",
    n: 4,
    few: true,
    measures: [{ name: "accuracy", value: 0.75, low: 0.3, high: 0.95, method: "Wilson" }],
  });
  return {
    range: "7d",
    since: "2026-11-20T00:00:00Z",
    until: "2026-11-22T00:00:00Z",
    step_seconds: 86_400,
    task: "classification",
    k: null,
    currency: null,
    total: aPoint(),
    points: [aPoint(), few],
    classes: [
      { label: "malignant", n: 70, measures: [{ name: "recall", ...wilson, value: 0.8125 }] },
    ],
    corrected: 3,
    waiting: 0,
    unknown: 0,
    median_delay_seconds: 7200,
    ...change,
  };
}

function anEstimate(change: Partial<Shape<"EstimateOut">> = {}): Shape<"EstimateOut"> {
  const point = {
    at: "2026-11-20T00:00:00Z",
    n: 900,
    few: false,
    separability: 0.55,
    is_outside: false,
    measures: [
      {
        name: "accuracy" as const,
        value: 0.88,
        low: 0.86,
        high: 0.9,
        method: "spread of outcomes",
      },
    ],
  };
  const outside = { ...point, at: "2026-11-21T00:00:00Z", is_outside: true, measures: [] };
  return {
    range: "7d",
    since: "2026-11-20T00:00:00Z",
    until: "2026-11-22T00:00:00Z",
    step_seconds: 86_400,
    task: "classification",
    method: "CBPE",
    ...{ rows_read: 900, rows_kept: 5000, is_sample: true },
    basis: { source: "uploaded", name: "valid.csv, uploaded", version: 2, rows: 1500 },
    check: { metric: "accuracy", estimated: 0.91, realised: 0.905, calibration_error: 0.004 },
    assumption: "Assumes that the same inputs still lead to the same outcomes.",
    total: point,
    points: [point, outside],
    ...change,
  };
}

const noEstimate = {
  code: "monitoring.estimate_without_reference",
  detail: "An estimate needs 300 rows whose outcome is known; there are 12.",
};

beforeEach(() => {
  answers("get", "/api/v1/deployments/d1/capture", { first_at: AT, last_at: AT });
  answers("get", `${PATH}/estimate`, noEstimate);
  answers("get", "/api/v1/deployments/d1/reference", null);
  answers("get", "/api/v1/deployments/d1/outcome-source", null);
  answers("get", `${PATH}/slices`, {
    range: "7d",
    task: "classification",
    rows: 200,
    rows_kept: 9_000_000,
    rows_read: 2_000_000,
    loss: 0.1,
    slices: [
      {
        feature: "age",
        label: "≥ 60",
        condition: '"age" >= 60.0',
        rows: 120,
        loss: 0.3,
        loss_elsewhere: 0.05,
        excess: 30,
        p_value: 0.001,
        q_value: 0.004,
        explain: "age ≥ 60: 30.0% wrong on 120 rows, 5.0% elsewhere.",
      },
    ],
  });
  answers("get", "/api/v1/deployments/d1/value", {
    currency: "EUR",
    positive: "1",
    true_positive: 0,
    false_positive: 0,
    true_negative: 0,
    false_negative: 0,
    per_row: 0,
    per_unit_of_error: 0,
    updated_at: "2026-11-21T00:00:00Z",
  });
});

const show = (onRange = vi.fn()) => renderView(<QualityTab id="d1" range="7d" onRange={onRange} />);

test("coverage, the metric with its interval, and the classes are shown", async () => {
  answers("get", PATH, aQuality());
  await show();
  expect(await screen.findByText("of 400 answered calls have an outcome")).toBeVisible();
  expect(screen.getByText("2 h 0 min")).toBeVisible();
  expect(screen.getByRole("heading", { name: "Accuracy 0.9 (0.85 to 0.94)" })).toBeVisible();
  const classes = screen.getByRole("table", { name: "Classes" });
  expect(within(classes).getByText("malignant")).toBeVisible();
  expect(within(classes).getByText("0.813 (0.85 to 0.94)")).toBeVisible();
});

test("the table keeps windows with few outcomes apart and has the interval", async () => {
  answers("get", PATH, aQuality());
  await show();
  const chart = await screen.findByRole("figure", { name: "Accuracy by time of the prediction" });
  await userEvent.click(within(chart).getByRole("button", { name: "Table" }));
  const cells = within(chart)
    .getAllByRole("row")
    .slice(1)
    .map((row) => [...row.children].slice(1).map((cell) => cell.textContent));
  expect(cells).toEqual([
    ["0.9", "–", "0.94", "0.85"],
    ["–", "0.75", "0.95", "0.3"],
  ]);
});

test("another metric can be chosen", async () => {
  answers("get", PATH, aQuality());
  await show();
  await userEvent.click(await screen.findByRole("radio", { name: "F1" }));
  expect(screen.getByRole("heading", { name: "F1 0.875" })).toBeVisible();
});

test("without outcomes the tab shows the call that sends one", async () => {
  const none = aPoint({ n: 0, coverage: 0, few: true, measures: [] });
  answers("get", PATH, aQuality({ total: none, points: [none], classes: [] }));
  await show();
  expect(await screen.findByText(/deployments\/d1\/outcomes/)).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "Python" }));
  expect(screen.getByText(/client\.deployments\.send_outcomes/)).toBeVisible();
});

test("outcomes whose prediction is unknown are said", async () => {
  answers("get", PATH, aQuality({ waiting: 2, unknown: 1 }));
  await show();
  expect(await screen.findByText(/2 outcomes wait for a prediction/)).toBeVisible();
  expect(screen.getByText(/1 outcome named a prediction/)).toBeVisible();
});

test("the worst slice is listed and measured on a click", async () => {
  answers("get", PATH, aQuality());
  answers("get", `${PATH}/slice`, {
    range: "7d",
    condition: '"age" >= 60.0',
    task: "classification",
    n: 120,
    n_whole: 200,
    few: false,
    rows_kept: 200,
    rows_read: 200,
    measures: [{ name: "accuracy", value: 0.7, low: null, high: null, method: null }],
    whole: [{ name: "accuracy", value: 0.9, low: null, high: null, method: null }],
  });
  await show();
  const worst = await screen.findByRole("table", { name: "Worst slices" });
  await userEvent.click(within(worst).getByText("≥ 60"));
  expect(await screen.findByText("120 of 200")).toBeVisible();
  expect(screen.getByText("0.7, all rows 0.9")).toBeVisible();
  const read = /200 rows with an outcome, among 2,?000,?000 of 9,?000,?000 kept rows/;
  expect(screen.getByText(read)).toBeVisible();
});

test("value per outcome draws money by window", async () => {
  answers("get", PATH, aQuality({ currency: "CHF", total: aPoint({ value: 1200 }) }));
  await show();
  expect(await screen.findByRole("heading", { name: /Value 1,?200 CHF/ })).toBeVisible();
});

test("the estimate is a line of its own with what it rests on and the gap to the truth", async () => {
  answers("get", PATH, aQuality());
  answers("get", `${PATH}/estimate`, anEstimate());
  await show();
  expect(await screen.findByText(/CBPE from valid.csv, uploaded: 1,500 rows/)).toBeVisible();
  expect(screen.getByText(/rests on 900 of 5,?000 kept rows: an even sample/)).toBeVisible();
  expect(screen.getByText(/estimated 0.88, came true 0.9 on 200 outcomes/)).toBeVisible();
  expect(screen.getByText(/it said Accuracy 0.91 where 0.905 came true/)).toBeVisible();
  expect(screen.getByText(/1 window with too little in common/)).toBeVisible();
  const chart = screen.getByRole("figure", { name: "Accuracy by time of the prediction" });
  await userEvent.click(within(chart).getByRole("button", { name: "Table" }));
  const last = within(chart)
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.lastElementChild?.textContent);
  expect(last).toEqual(["0.88", "–"]);
});

test("before outcomes come the estimate stands alone; without one the reason is said", async () => {
  const none = aPoint({ n: 0, coverage: 0, few: true, measures: [] });
  answers("get", PATH, aQuality({ total: none, points: [none], classes: [] }));
  answers("get", `${PATH}/estimate`, anEstimate());
  const { unmount } = await show();
  expect(
    await screen.findByRole("heading", { name: "Accuracy, estimated 0.88 (0.86 to 0.9)" }),
  ).toBeVisible();
  unmount();

  answers("get", `${PATH}/estimate`, noEstimate);
  await show();
  expect(await screen.findByText(noEstimate.detail)).toBeVisible();
  expect(screen.getByRole("button", { name: "Upload reference" })).toBeVisible();
});
