import { screen, waitFor } from "@testing-library/react";
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
    <ExperimentPage
      id="1"
      view={{ filter, order: NEWEST_FIRST, cols: "", selected: "" }}
      onView={onView}
    />,
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
  expect(onView).toHaveBeenCalledWith({ filter: "", order: NEWEST_FIRST, cols: "", selected: "" });
});

test("a column is added to the address", async () => {
  answers("get", RUNS, page([aRun("first", "1.0"), aRun("second", "0.01")]));
  const onView = vi.fn();
  await show("", onView);
  await screen.findByRole("row", { name: /second/ });
  await userEvent.click(screen.getByRole("button", { name: "Columns" }));
  await userEvent.click(await screen.findByRole("checkbox", { name: "params.solver" }));
  const cols = "metrics.accuracy,params.C,params.solver";
  expect(onView).toHaveBeenCalledWith({ filter: "", order: NEWEST_FIRST, cols, selected: "" });
});

const VIEW = { filter: "", order: NEWEST_FIRST, cols: "", selected: "" };
const showRuns = async (selected: string, onView = vi.fn()) => {
  answers("get", RUNS, page([aRun("first", "1.0"), aRun("second", "0.01"), aRun("third", "5")]));
  const view = { ...VIEW, selected };
  const shown = await renderView(<ExperimentPage id="1" view={view} onView={onView} />);
  await screen.findByRole("row", { name: /second/ });
  return { ...shown, onView };
};

test("a run is selected by its box and put into the address", async () => {
  const { onView } = await showRuns("third");
  expect(screen.getByRole("checkbox", { name: "Select third" })).toBeChecked();
  await userEvent.click(screen.getByRole("checkbox", { name: "Select first" }));
  expect(onView).toHaveBeenCalledWith({ ...VIEW, selected: "third,first" });
});

test("rows are walked with j and k, selected with x and opened with Enter", async () => {
  const { onView, router } = await showRuns("");
  screen.getByRole("row", { name: /first/ }).focus();
  await userEvent.keyboard("jj");
  await waitFor(() => expect(screen.getByRole("row", { name: /third/ })).toHaveFocus());
  await userEvent.keyboard("k");
  await waitFor(() => expect(screen.getByRole("row", { name: /second/ })).toHaveFocus());
  await userEvent.keyboard("x");
  expect(onView).toHaveBeenCalledWith({ ...VIEW, selected: "second" });
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/w/team/runs/second"));
});

test("one run cannot be compared, two can, under an address of their own", async () => {
  const { unmount } = await showRuns("first");
  expect(screen.getByRole("button", { name: "Compare (1)" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  unmount();
  const { router } = await showRuns("first,third");
  await userEvent.click(screen.getByRole("button", { name: "Compare (2)" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/w/team/compare"));
  expect(router.state.location.search).toEqual({ runs: "first,third" });
});

test("a press on a header sorts on the server", async () => {
  const { onView } = await showRuns("");
  const head = screen.getByRole("columnheader", { name: "Started" });
  expect(head).toHaveAttribute("aria-sort", "descending");
  await userEvent.click(screen.getByRole("button", { name: "accuracy" }));
  expect(onView).toHaveBeenCalledWith({ ...VIEW, order: "metrics.`accuracy` DESC" });
});

test("the part of the filter that the server names is marked", async () => {
  refuses("get", RUNS, 400, "tracking.filter_refused", "'~' is not a comparison.", {
    start: 17,
    end: 18,
  });
  await show("metrics.accuracy ~ 2");
  expect(await screen.findByText("~", { selector: "mark" })).toBeVisible();
});
