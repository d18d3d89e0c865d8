import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { page } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ExperimentPage } from "./experiment-page";
import { NEWEST_FIRST } from "./order";

const AT = "2026-11-21T08:00:00Z";
const RUNS = "/api/v1/experiments/1/runs";

const aRun = (name: string, c: string): Shape<"RunSummary"> => ({
  id: name,
  experiment_id: "1",
  name,
  status: "FINISHED",
  user_name: "Ana Ruiz",
  started_at: AT,
  ended_at: "2026-11-21T08:01:05Z",
  params: { C: c, solver: "lbfgs" },
  metrics: { accuracy: 0.951 },
  tags: {},
});

beforeEach(() => {
  const experiment = {
    id: "1",
    name: "breast-cancer",
    lifecycle_stage: "active",
    run_count: 2,
    tags: {},
  };
  answers("get", "/api/v1/experiments/1", { ...experiment, created_at: AT, last_activity_at: AT });
});

const show = (filter = "", onView = vi.fn()) =>
  renderView(
    <ExperimentPage id="1" view={{ filter, order: NEWEST_FIRST, cols: "" }} onView={onView} />,
  );

test("runs show their metrics and the parameters that differ", async () => {
  answers("get", RUNS, page([aRun("first", "1.0"), aRun("second", "0.01")]));
  await show();
  const row = await screen.findByRole("row", { name: /second/ });
  expect(row).toHaveTextContent("0.951");
  expect(row).toHaveTextContent("0.01");
  expect(row).toHaveTextContent("1 min 5 s");
  expect(screen.queryByRole("columnheader", { name: "solver" })).toBeNull();
});

test("a mistake in the filter is explained where it was typed", async () => {
  refuses(
    "get",
    RUNS,
    400,
    "tracking.bad_filter",
    "Expected a comparison after 'metrics.accuracy'.",
  );
  await show("metrics.accuracy");
  const box = await screen.findByRole("textbox", { name: "Filter runs" });
  expect(await screen.findByText("Expected a comparison after 'metrics.accuracy'.")).toBeVisible();
  expect(box).toBeInvalid();
});

test("a filter that matches nothing can be cleared", async () => {
  answers("get", RUNS, page([]));
  const onView = vi.fn();
  await show("metrics.accuracy > 2", onView);
  await userEvent.click(await screen.findByRole("button", { name: "Clear filter" }));
  expect(onView).toHaveBeenCalledWith({ filter: "", order: NEWEST_FIRST, cols: "" });
});

test("a column is added to the address", async () => {
  answers("get", RUNS, page([aRun("first", "1.0"), aRun("second", "0.01")]));
  const onView = vi.fn();
  await show("", onView);
  await screen.findByRole("row", { name: /second/ });
  await userEvent.click(screen.getByRole("button", { name: "Columns" }));
  await userEvent.click(await screen.findByRole("checkbox", { name: "params.solver" }));
  const cols = "metrics.accuracy,params.C,params.solver";
  expect(onView).toHaveBeenCalledWith({ filter: "", order: NEWEST_FIRST, cols });
});
