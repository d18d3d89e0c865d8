import type { Shape } from "@/api/types";
import { answers } from "./server";

const AT = "2026-11-21T08:00:00Z";

/** Inputs together, before there is a baseline. */
export function aJoint(change: Partial<Shape<"JointDriftOut">> = {}): Shape<"JointDriftOut"> {
  return {
    window: "24h",
    since: AT,
    until: AT,
    verdict: "not_enough_data",
    verdict_reason: "Kept rows are looked at every few minutes.",
    is_confirmed: false,
    persistence: null,
    baseline: null,
    baseline_name: null,
    baseline_rows: 0,
    rows: 0,
    columns: [],
    components: 0,
    explained: 0,
    error: null,
    pairs: [],
    distances: [],
    left_out: {},
    points: [],
    computed_at: null,
    ...change,
  };
}

/** Answers what stands below the features of deployment d1: nothing yet. */
export function nothingBesides(): void {
  answers("get", "/api/v1/deployments/d1/drift/joint", aJoint());
  answers("get", "/api/v1/deployments/d1/constraints", {
    version: 0,
    columns: [],
    proposed: [],
    source: null,
    is_provisional: false,
    updated_at: null,
    updated_by_name: null,
  });
  answers("get", "/api/v1/deployments/d1/constraints/violations", {
    window: "24h",
    since: AT,
    until: AT,
    version: 0,
    status: "none",
    reason: "Nobody has chosen constraints.",
    rows: 0,
    checks: [],
  });
}
