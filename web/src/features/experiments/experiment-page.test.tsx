import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { page } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ExperimentPage } from "./experiment-page";
import { NEWEST_FIRST } from "./order";
import type { RunTableView } from "./table-view";

const AT = "2026-11-21T08:00:00Z";
const RUNS = "/api/v1/experiments/1/runs";

const VIEW: RunTableView = {
  filter: "",
  order: NEWEST_FIRST,
  cols: "",
  group: "",
  base: "",
  selected: "",
  view: "",
};

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
  answers("get", "/api/v1/experiments/1/columns", {
    runs: 2,
    is_sampled: false,
    columns: [
      { name: "metrics.accuracy", runs: 2, differs: false },
      { name: "params.C", runs: 2, differs: true },
      { name: "params.solver", runs: 2, differs: false },
      { name: "tags.mlflow.runName", runs: 2, differs: true },
    ],
  });
  answers("get", "/api/v1/experiments/1/views", []);
});

const show = (filter = "", onView = vi.fn()) =>
  renderView(<ExperimentPage id="1" view={{ ...VIEW, filter }} onView={onView} />);

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
  expect(onView).toHaveBeenCalledWith(VIEW);
});

test("a column is added to the address", async () => {
  answers("get", RUNS, page([aRun("first", "1.0"), aRun("second", "0.01")]));
  const onView = vi.fn();
  await show("", onView);
  await screen.findByRole("row", { name: /second/ });
  await userEvent.click(screen.getByRole("button", { name: "Columns" }));
  await userEvent.click(await screen.findByRole("checkbox", { name: "params.solver" }));
  const cols = "status,started,duration,author,metrics.accuracy,params.C,params.solver";
  expect(onView).toHaveBeenCalledWith({ ...VIEW, cols });
  expect(screen.queryByRole("checkbox", { name: "tags.mlflow.runName" })).toBeNull();
  await userEvent.click(screen.getByRole("switch", { name: "Only those that differ" }));
  expect(screen.queryByRole("checkbox", { name: "params.solver" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Move params.C left" }));
  const moved = "status,started,duration,author,params.C,metrics.accuracy";
  expect(onView).toHaveBeenCalledWith({ ...VIEW, cols: moved });
});

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

test("a filter is added by field, comparison and value, and taken away again", async () => {
  answers("get", RUNS, page([aRun("first", "1.0")]));
  const onView = vi.fn();
  await show("metrics.accuracy > 0.9 AND params.C = 'a and b'", onView);
  await userEvent.click(
    await screen.findByRole("button", { name: "Remove filter metrics.accuracy > 0.9" }),
  );
  expect(onView).toHaveBeenCalledWith({ ...VIEW, filter: "params.C = 'a and b'" });
});

test("the baseline stays on top, and metrics say how far they are from it", async () => {
  const better = { ...aRun("second", "2"), metrics: { accuracy: 0.981 } };
  answers("get", RUNS, page([aRun("first", "1.0"), better]));
  await renderView(<ExperimentPage id="1" view={{ ...VIEW, base: "first" }} onView={vi.fn()} />);
  const row = await screen.findByRole("row", { name: /second/ });
  await waitFor(() => expect(row).toHaveTextContent("0.981▲0.03 better"));
  expect(screen.getAllByRole("button", { name: "Unpin first" }).length).toBeGreaterThan(0);
});

test("groups show their count, best, mean and deviation, and open to their runs", async () => {
  const spread = { count: 2, low: 0.9, high: 0.95, mean: 0.925, sd: 0.035 };
  const groups = [{ value: "1.0", runs: 2, metrics: { accuracy: spread } }];
  answers("get", "/api/v1/experiments/1/groups", page(groups));
  answers("get", RUNS, page([aRun("first", "1.0")]));
  const view = { ...VIEW, group: "params.C" };
  await renderView(<ExperimentPage id="1" view={view} onView={vi.fn()} />);
  const group = await screen.findByRole("row", { name: /1.0/ });
  expect(group).toHaveTextContent("0.95 · 0.925 ± 0.035");
  await userEvent.click(screen.getByRole("button", { name: "1.0" }));
  expect(await screen.findByRole("row", { name: /first/ })).toBeVisible();
});

test("a saved view is applied; when it was changed it can be saved or reset", async () => {
  const saved = {
    id: "v1",
    name: "Best first",
    state: "order=metrics.%60accuracy%60+DESC",
    is_shared: true,
    owner_name: "Ana Ruiz",
    may_change: true,
    updated_at: AT,
  };
  answers("get", "/api/v1/experiments/1/views", [saved]);
  answers("get", RUNS, page([aRun("first", "1.0")]));
  const change = answers("patch", "/api/v1/run-views/v1", saved);
  const onView = vi.fn();
  await renderView(<ExperimentPage id="1" view={{ ...VIEW, view: "v1" }} onView={onView} />);
  await userEvent.click(await screen.findByRole("button", { name: "Reset" }));
  const restored = { ...VIEW, view: "v1", order: "metrics.`accuracy` DESC" };
  expect(onView).toHaveBeenCalledWith(restored);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(change).toEqual([{ state: "order=" }]));
});
