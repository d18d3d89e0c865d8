import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { DashboardPage } from "./dashboard-page";
import { DashboardsPage } from "./dashboards-page";
import { moved } from "./order";

const panel = (id: string, title: string): Shape<"Panel"> => ({
  id,
  title,
  signal: "traffic",
  deployment_ids: ["d1"],
  window: null,
  percentile: "p95",
  feature: null,
  metric: null,
  width: 1,
});
const board: Shape<"DashboardOut"> = {
  id: "b1",
  name: "Mornings",
  window: "24h",
  panels: [panel("one", "First"), panel("two", "Second"), panel("three", "Third")],
  version: 4,
  created_at: "2026-11-20T08:00:00Z",
  created_by_name: "Ana",
  updated_at: "2026-11-20T08:00:00Z",
  updated_by_name: "Ana",
};
const series: Shape<"SeriesOut"> = {
  deployment_id: "d1",
  deployment_name: "churn",
  environment: "production",
  signal: "traffic",
  window: "24h",
  since: "2026-11-20T08:00:00Z",
  until: "2026-11-21T08:00:00Z",
  step_seconds: 1200,
  unit: "per_minute",
  currency: null,
  metric: null,
  total: 12.5,
  points: [{ at: "2026-11-20T08:00:00Z", value: 3, estimate: null, low: null, high: null }],
  note: null,
};
const PATH = "/api/v1/dashboards/b1";
const show = (me = ana) =>
  renderView(<DashboardPage id="b1" window={null} onWindow={vi.fn()} />, { me });
const ready = () => {
  answers("get", PATH, board);
  answers("get", "/api/v1/deployments/d1/series", series);
};
const titles = () =>
  screen.getAllByRole("heading", { level: 2 }).map((heading) => heading.textContent);

test("a panel is moved by the arrow keys of its handle, and the move is saved and told", async () => {
  ready();
  const sent = answers("put", PATH, { ...board, version: 5 });
  await show();
  const handle = await screen.findByRole("button", { name: "Move First, place 1 of 3" });
  handle.focus();
  await userEvent.keyboard("{ArrowRight}");
  expect(await screen.findByText("First is at place 2 of 3")).toBeInTheDocument();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toMatchObject({ version: 4, name: "Mornings" });
  expect(sent[0]).toMatchObject({ panels: [{ id: "two" }, { id: "one" }, { id: "three" }] });
  expect(screen.getByRole("button", { name: /^Move First/ })).toHaveFocus();
});

test("a panel says what its signal comes to, and the window it is of", async () => {
  ready();
  await show();
  const first = await screen.findByRole("region", { name: "First" });
  expect(await within(first).findByText("12.5/min")).toBeVisible();
  expect(first).toHaveTextContent("Last 24 hours");
});

test("a refused change is said, and what is saved is shown again", async () => {
  ready();
  refuses("put", PATH, 409, "dashboards.changed", "Bo has changed this dashboard since.");
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "More for Third" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Remove" }));
  expect(await screen.findByText("Bo has changed this dashboard since.")).toBeVisible();
  await vi.waitFor(() => expect(titles()).toEqual(["First", "Second", "Third"]));
});

test("who may only look sees no handles", async () => {
  ready();
  await show({ ...ana, permissions: ["monitoring.read"] });
  await screen.findByRole("region", { name: "First" });
  expect(screen.queryByRole("button", { name: /Move|More|Add/ })).toBeNull();
});

test("an empty list leads to the first dashboard; a missing one says so", async () => {
  answers("get", "/api/v1/dashboards", []);
  const { unmount } = await renderView(<DashboardsPage />);
  expect((await screen.findAllByRole("button", { name: "New dashboard" }))[0]).toBeVisible();
  unmount();
  refuses("get", PATH, 404, "dashboards.missing", "There is no such dashboard.");
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no such dashboard.");
});

test("moving beyond an end changes nothing", () => {
  expect(moved(board.panels, "one", -1)).toBe(board.panels);
  expect(moved(board.panels, "one", 9).map((one) => one.id)).toEqual(["two", "three", "one"]);
});
