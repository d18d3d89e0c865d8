import { expect, test } from "vitest";
import type { Fleet, FleetRow } from "./api";
import { merged } from "./fleet-live";

const row = (deployment_id: string, requests: number): FleetRow => ({
  deployment_id,
  name: deployment_id,
  environment: "production",
  model_name: "churn",
  version: 1,
  status: "ready",
  health: "healthy",
  reasons: [],
  requests,
  error_rate: null,
  p50_ms: null,
  p95_ms: null,
  p99_ms: null,
  drift: "ok",
  drift_reason: "",
  is_drift_confirmed: false,
  quality: "ok",
  quality_reason: "",
  live_since: null,
  last_request_at: null,
  owner: "Ana",
  coverage: null,
  performance: null,
  sparkline: [],
});
const counts = {
  healthy: 2,
  degraded: 0,
  failing: 0,
  dropped_records: 0,
  dropped_at: null,
  capture_error: null,
};
const known: Fleet = { ...counts, range: "24h", rows: [row("a", 1), row("b", 2)] };

test("only what changed is replaced, in the order of the server", () => {
  const said = { ...counts, rows: [row("b", 9)], order: ["b", "a"] };
  const found = merged(known, said, "24h");
  expect(found?.rows.map((one) => [one.deployment_id, one.requests])).toEqual([
    ["b", 9],
    ["a", 1],
  ]);
  expect(found?.rows[1]).toBe(known.rows[0]);
});

test("the whole fleet replaces what is known, and a gap is found", () => {
  expect(merged(known, { ...counts, rows: [row("c", 1)] }, "24h")?.rows).toHaveLength(1);
  expect(merged(undefined, { ...counts, rows: [], order: ["a"] }, "24h")).toBeNull();
});
