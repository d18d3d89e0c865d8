import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { aJoint } from "@/test/monitoring";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { JointPanel } from "./joint-panel";

const AT = "2026-11-21T08:00:00Z";
const ROUTE = "/api/v1/deployments/d1/drift/joint";
const PAIR = {
  first: "income",
  second: "rent",
  reference: 0.8,
  current: 0.02,
  n: 4800,
  q_value: 0,
  is_drifting: true,
};
const VECTOR = {
  name: "embedding",
  dimensions: 128,
  distance: 0.4,
  noise: 0.01,
  n: 4800,
  p_value: 0,
  is_drifting: true,
};

test("before there is a baseline the panel says what it waits for", async () => {
  answers("get", ROUTE, aJoint());
  await renderView(<JointPanel id="d1" window="24h" />);
  expect(await screen.findByText("Nothing to compare with yet")).toBeVisible();
  expect(screen.getByText(/Kept rows are looked at/)).toBeVisible();
});

test("what only pairs of inputs show has its band, pairs and vectors", async () => {
  answers(
    "get",
    ROUTE,
    aJoint({
      verdict: "drifting",
      verdict_reason: "The rank correlation of income and rent went from 0.80 to 0.02.",
      persistence: "Confirmed: in two of the last three windows.",
      baseline: "training",
      baseline_name: "train.parquet",
      baseline_rows: 3000,
      rows: 4800,
      columns: ["income", "rent", "age"],
      components: 2,
      explained: 0.8,
      error: { value: 1.7, expected: 1.2, low: 1.1, high: 1.3, effect: 1, is_out: true },
      pairs: [PAIR],
      distances: [VECTOR],
      left_out: { id: "numbers or names the rows" },
      points: [{ at: AT, n: 4800, error: 1.7, low: 1.1, high: 1.3, is_out: true }],
      computed_at: AT,
    }),
  );
  await renderView(<JointPanel id="d1" window="24h" />);
  expect(await screen.findByText(/went from 0.80 to 0.02. Confirmed/)).toBeVisible();
  const pairs = screen.getByRole("table", { name: "Most changed pairs" });
  expect(within(pairs).getByText("0.02")).toBeVisible();
  expect(within(pairs).getByText("Drifting")).toBeVisible();
  expect(screen.getByRole("table", { name: "Vectors" })).toHaveTextContent("embedding");
  expect(screen.getByText("id: numbers or names the rows")).toBeVisible();
});
