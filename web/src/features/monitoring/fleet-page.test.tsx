import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { chosen, type FleetFilter, type FleetSearch, fleetFilter } from "./fleet-filter";
import { FleetPage } from "./fleet-page";

const failing: Shape<"FleetRow"> = {
  deployment_id: "d1",
  name: "churn",
  environment: "production",
  model_name: "churn",
  owner: "Ana",
  version: 3,
  status: "degraded",
  health: "failing",
  reasons: ["12 % of calls failed in the last 5 minutes."],
  requests: 1200,
  error_rate: 0.12,
  p50_ms: 4,
  p95_ms: 90,
  p99_ms: 1500,
  drift: "drifting",
  drift_reason: "3 of 9 inputs moved.",
  is_drift_confirmed: true,
  quality: "ok",
  quality_reason: "",
  live_since: "2026-11-20T08:00:00Z",
  last_request_at: "2026-11-21T08:00:00Z",
  coverage: 0.25,
  performance: { metric: "accuracy", value: 0.912, low: 0.9, high: 0.92, n: 1204, few: false },
  sparkline: [1, 2, 3],
};

function aFleet(rows: Shape<"FleetRow">[], dropped = 0): Shape<"FleetOut"> {
  return {
    range: "24h",
    rows,
    healthy: 0,
    degraded: 0,
    failing: rows.length,
    dropped_records: dropped,
    dropped_at: dropped ? new Date().toISOString() : null,
    capture_error: null,
  };
}

beforeEach(() => {
  answers("get", "/api/v1/fleet-views", []);
});

const show = (search: FleetSearch = {}, onSearch = vi.fn()) =>
  renderView(<FleetPage search={search} onSearch={onSearch} />);

test("a failing deployment says why and leads to its drift", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing]));
  await show();
  const row = await screen.findByRole("row", { name: /churn/ });
  expect(row).toHaveTextContent("12 % of calls failed in the last 5 minutes.");
  expect(row).toHaveTextContent("1.5 s");
  expect(screen.getByRole("list", { name: "Health of the fleet" })).toHaveTextContent("1 failing");
  const drift = screen.getByRole("link", { name: /^Drift of churn: ./ });
  expect(drift).toHaveAttribute("href", "/w/team/deployments/d1?tab=drift");
});

test("outcomes say how right a deployment was, and on how many that rests", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing, calm]));
  await show();
  const told = await screen.findByRole("link", {
    name: /^Outcomes of churn: Accuracy 0.912\s?25 % of calls/,
  });
  expect(told).toHaveAttribute("href", "/w/team/deployments/d1?tab=quality");
  expect(told).toHaveAttribute("title", "0.9 to 0.92 at 95 %, of 1,204 outcomes");
  expect(screen.getByRole("row", { name: /price/ })).toHaveTextContent("none");
});

const calm: Shape<"FleetRow"> = {
  ...failing,
  deployment_id: "d2",
  name: "price",
  model_name: "price",
  environment: "staging",
  owner: "",
  health: "healthy",
  reasons: [],
  coverage: null,
  performance: null,
};

test("filters go to the address, and say how much they leave", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing, calm]));
  const onSearch = vi.fn();
  await show({ health: "failing" }, onSearch);
  expect(await screen.findByRole("row", { name: /churn/ })).toHaveTextContent("25 %");
  expect(screen.queryByRole("row", { name: /price/ })).not.toBeInTheDocument();
  expect(screen.getByRole("status")).toHaveTextContent("1 of 2");
  await userEvent.click(screen.getByRole("combobox", { name: "Owner" }));
  await userEvent.click(await screen.findByRole("option", { name: "Nobody" }));
  expect(onSearch).toHaveBeenLastCalledWith({ range: "24h", health: "failing", owner: "-" });
  await userEvent.click(screen.getByRole("button", { name: "Clear filters" }));
  expect(onSearch).toHaveBeenLastCalledWith({ range: "24h" });
});

test("a saved view is chosen, and what was changed is saved under it or reset", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing, calm]));
  const view = { name: "Mornings", is_shared: true, owner_name: "Ana", may_change: true };
  const kept = { ...view, id: "v1", state: "health=failing&range=7d" };
  answers("get", "/api/v1/fleet-views", [kept]);
  const saved = answers("patch", "/api/v1/fleet-views/v1", kept);
  const onSearch = vi.fn();
  await show({ view: "v1", range: "7d", q: "churn" }, onSearch);
  expect(await screen.findByText("Edited")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Reset" }));
  expect(onSearch).toHaveBeenLastCalledWith({ health: "failing", range: "7d", view: "v1" });
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(saved).toEqual([{ state: "q=churn&range=7d" }]));
  await userEvent.click(screen.getByRole("button", { name: "Mornings" }));
  expect(await screen.findByText("Shared by Ana")).toBeVisible();
});

test("a filter that nothing passes can be taken away", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing, calm]));
  await show({ q: "nowhere", environment: "staging" });
  expect(await screen.findByText("No deployments match 2 filters")).toBeVisible();
});

test("rows pass every filter, and what is wrong in the address is left out", () => {
  const names = (filter: FleetFilter) => chosen([failing, calm], filter).map((row) => row.name);
  expect(names({ q: "FAILED calls" })).toEqual(["churn"]);
  expect(names({ environment: "staging,production" })).toEqual(["churn", "price"]);
  expect(names({ owner: "-" })).toEqual(["price"]);
  expect(names({ owner: "Ana", environment: "staging" })).toEqual([]);
  expect(fleetFilter({ health: "bad,healthy", q: "", owner: 7, range: "1h" })).toEqual({
    health: "healthy",
    owner: "7",
  });
});

test("records that were lost are told, not hidden", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing], 7));
  await show();
  expect(await screen.findByText("7 records could not be kept")).toBeVisible();
  expect(screen.getByText(/^Calls to deployments of this workspace were answered/)).toBeVisible();
});

test("a full disk is told with its reason", async () => {
  const full = "The disk is nearly full: 12 MiB are left.";
  answers("get", "/api/v1/fleet", { ...aFleet([failing], 7), capture_error: full });
  await show();
  expect(await screen.findByText(/The disk is nearly full.*7 records missing/)).toBeVisible();
});

test("an empty fleet leads to the models", async () => {
  answers("get", "/api/v1/fleet", aFleet([]));
  await show();
  expect(await screen.findByRole("link", { name: "Go to models" })).toBeVisible();
});

test("a refused fleet says why", async () => {
  refuses(
    "get",
    "/api/v1/fleet",
    403,
    "workspaces.not_allowed",
    "Your role does not include this.",
  );
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
});
