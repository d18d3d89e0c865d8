import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { FleetPage } from "./fleet-page";

const failing: Shape<"FleetRow"> = {
  deployment_id: "d1",
  name: "churn",
  environment: "production",
  model_name: "churn",
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
  };
}

const show = () => renderView(<FleetPage range="24h" onRange={vi.fn()} />);

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

test("records that were lost are told, not hidden", async () => {
  answers("get", "/api/v1/fleet", aFleet([failing], 7));
  await show();
  expect(await screen.findByText("7 records could not be kept")).toBeVisible();
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
