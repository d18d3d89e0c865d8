import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { nothingBesides } from "@/test/monitoring";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { DriftTab } from "./drift-tab";

const AT = "2026-11-21T08:00:00Z";

function aFeature(change: Partial<Shape<"FeatureDrift">> = {}): Shape<"FeatureDrift"> {
  return {
    feature: "mean radius",
    role: "input",
    kind: "numeric",
    status: "ok",
    severity: "none",
    is_confirmed: false,
    is_usual: false,
    method: "KS + PSI",
    score: 0.02,
    distance: 0.03,
    psi: 0.03,
    noise_floor: 0.01,
    statistic: 0.02,
    p_value: 0.4,
    q_value: 0.9,
    shift_in_sd: 0.05,
    bins: 10,
    distinct_current: null,
    distinct_reference: null,
    importance: null,
    importance_share: null,
    quadrant: null,
    faults: [],
    threshold: 0.1,
    n_current: 400,
    n_reference: 426,
    null_rate_current: 0,
    null_rate_reference: 0,
    unseen_rate: null,
    out_of_range_rate: 0,
    type_error_rate: 0,
    explain: "It moved no more than chance.",
    trend: [0.01, null, 0.02],
    ...change,
  };
}

function aDrift(
  features: Shape<"FeatureDrift">[],
  change: Partial<Shape<"DriftOut">> = {},
): Shape<"DriftOut"> {
  return {
    window: "24h",
    asked_window: "24h",
    is_confirmed: false,
    persistence: null,
    moved_share: 0.5,
    quality: "ok",
    quality_reason: "",
    since: AT,
    until: AT,
    baseline: "training",
    baseline_name: "breast-cancer-train",
    verdict: "drifting",
    verdict_reason: "1 of 2 inputs moved.",
    rows: 400,
    computed_at: AT,
    headline: null,
    importance: null,
    features,
    ...change,
  };
}

const moved = aFeature({
  feature: "mean area",
  status: "drifting",
  score: 0.8,
  explain: "Larger than in training.",
});
const bins = [
  { label: "0–10", low: 0, high: 10, reference_share: 0.75, current_share: 0.25 },
  { label: "10–20", low: 10, high: 20, reference_share: 0.25, current_share: 0.75 },
];
const shape = {
  feature: "mean area",
  kind: "numeric",
  n_reference: 426,
  n_current: 400,
  bins,
  quantiles: [{ share: 0.5, reference: 6.5, current: 13.25 }],
};
const rows = {
  feature: "mean area",
  grown: "10–20",
  rows: [{ prediction_id: "p-17", row: 2, at: AT, value: 15.5, prediction: 1, is_typical: true }],
};

beforeEach(() => {
  nothingBesides();
  answers("get", "/api/v1/deployments/d1/drift/rows", rows);
});

const show = (onView = vi.fn()) =>
  renderView(
    <DriftTab
      id="d1"
      view={{ window: "24h", baseline: "training", feature: null }}
      onView={onView}
    />,
  );

test("the verdict comes first, then the worst feature with both distributions", async () => {
  answers("get", "/api/v1/deployments/d1/drift", aDrift([aFeature(), moved]));
  answers("get", "/api/v1/deployments/d1/drift/distribution", shape);
  await show();
  expect(await screen.findByText("1 of 2 inputs moved.")).toBeVisible();
  const [, first] = within(screen.getByRole("table", { name: "Features" })).getAllByRole("row");
  expect(first).toHaveTextContent("mean areaDrifting");
  await userEvent.click(await screen.findByRole("button", { name: "Table" }));
  const row = screen.getByRole("row", { name: /10–20/ });
  expect(row).toHaveTextContent("25 %");
  expect(row).toHaveTextContent("75 %");
});

test("a trend is shown only once there are two windows to draw it from", async () => {
  const young = { ...moved, trend: [0.8] };
  answers("get", "/api/v1/deployments/d1/drift", aDrift([young]));
  answers("get", "/api/v1/deployments/d1/drift/distribution", shape);
  await show();
  expect(await screen.findByRole("columnheader", { name: "Score" })).toBeVisible();
  expect(screen.queryByRole("columnheader", { name: "Trend" })).toBeNull();
});

test("choosing a feature puts it in the address", async () => {
  answers("get", "/api/v1/deployments/d1/drift", aDrift([aFeature(), moved]));
  answers("get", "/api/v1/deployments/d1/drift/distribution", shape);
  const onView = vi.fn();
  await show(onView);
  await userEvent.click(await screen.findByRole("button", { name: "mean radius" }));
  expect(onView).toHaveBeenCalledWith({
    window: "24h",
    baseline: "training",
    feature: "mean radius",
  });
});

test("without a reference the tab says what is missing", async () => {
  const none = aDrift([], {
    verdict: "no_reference",
    verdict_reason: "No training data was logged with the run.",
  });
  answers("get", "/api/v1/deployments/d1/drift", none);
  await show();
  expect(await screen.findByText("No training data was logged with the run.")).toBeVisible();
  expect(screen.getByText("No features to compare yet")).toBeVisible();
});

test("a refused comparison leaves window and baseline to choose", async () => {
  refuses(
    "get",
    "/api/v1/deployments/d1/drift",
    404,
    "deployments.missing",
    "There is no such deployment.",
  );
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no such deployment.");
  expect(screen.getByRole("radio", { name: "7d" })).toBeEnabled();
});

test("faults of the data are told apart from drift, and a widened window is named", async () => {
  const faulty = aFeature({
    status: "faulty",
    faults: [
      {
        fault: "missing",
        current: 0.5,
        expected: 0,
        p_value: 0,
        q_value: 0,
        explain: "Missing values: 0.0% expected, 50.0% now.",
      },
    ],
  });
  answers(
    "get",
    "/api/v1/deployments/d1/drift",
    aDrift([faulty], { window: "7d", quality: "faulty", quality_reason: "Missing values in age." }),
  );
  answers("get", "/api/v1/deployments/d1/drift/distribution", shape);
  await show();
  expect(await screen.findByText(/Data: Missing values in age/)).toBeVisible();
  expect(screen.getByText(/the last 7d, as the last 24h had too few rows/)).toBeVisible();
  expect(await screen.findByText("Missing values: 0.0% expected, 50.0% now.")).toBeVisible();
});

test("importance and drift share a plane with a sentence; a dot opens its input", async () => {
  const ignored = aFeature({ score: 0.9, importance_share: 0.04, quadrant: "ignore" });
  const act = { ...moved, importance: 0.31, importance_share: 0.96, quadrant: "act" as const };
  const headline = "2 moved inputs carry 100% of what the model relies on.";
  const importance = {
    source: "train.parquet",
    has_outcomes: true,
    rows: 600,
    loss: 0.05,
    fair_share: 0.5,
    reason: null,
    measured_at: AT,
  };
  answers(
    "get",
    "/api/v1/deployments/d1/drift",
    aDrift([{ ...ignored, status: "drifting" }, act], { headline, importance }),
  );
  answers("get", "/api/v1/deployments/d1/drift/distribution", shape);
  const onView = vi.fn();
  await show(onView);
  expect(await screen.findByText(headline)).toBeVisible();
  const [, first] = within(screen.getByRole("table", { name: "Features" })).getAllByRole("row");
  expect(first).toHaveTextContent("mean area"); // the other moved further and hardly matters
  const quantiles = await screen.findByRole("table", { name: "Quantiles of mean area" });
  expect(within(quantiles).getByText("6.75")).toBeVisible();
  expect(await screen.findByText("From where most was added: 10–20.")).toBeVisible();
  expect(screen.getByText("p-17, row 2")).toBeVisible();
  await userEvent.click(
    screen.getByRole("button", { name: /^mean radius: drift 0.9, importance 4/ }),
  );
  expect(onView).toHaveBeenCalledWith(expect.objectContaining({ feature: "mean radius" }));
});
