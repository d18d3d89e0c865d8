import type { Shape } from "@/api/types";

export const MODEL = "00000000-0000-4000-8000-00000000000a";
export const DEPLOYMENT = "00000000-0000-4000-8000-00000000000d";
const AT = "2026-11-21T08:00:00Z";
const STEPS = ["prepare", "build", "verify", "start", "traffic"] as const;

/** A revision of "breast-cancer" that is live. */
export function aRevision(change: Partial<Shape<"RevisionOut">> = {}): Shape<"RevisionOut"> {
  return {
    number: 1,
    model_id: MODEL,
    model_name: "breast-cancer",
    version: 1,
    config: { engine: "sklearn", cpu: 1, memory_gb: 1, gpu: 0 },
    auto_configured: true,
    status: "ready",
    strategy: null,
    shift: null,
    status_reason: null,
    environment_note: "Reused the platform's environment.",
    lane: null,
    sandbox: "bwrap",
    driver: "process",
    image: null,
    steps: STEPS.map((name) => ({
      name,
      status: "done",
      detail: "",
      started_at: AT,
      finished_at: AT,
    })),
    differences: [],
    log_tail: [],
    created_at: AT,
    created_by_name: "Ana Ruiz",
    reason: null,
    approval: null,
    promoted_from: null,
    live_from: AT,
    live_until: null,
    ...change,
  };
}

/** A deployment of "breast-cancer" in staging; live with its first revision. */
export function aDeployment(change: Partial<Shape<"DeploymentOut">> = {}): Shape<"DeploymentOut"> {
  return {
    id: DEPLOYMENT,
    name: "breast-cancer",
    kind: "served",
    environment: "staging",
    url: "http://localhost:8081/team/staging/breast-cancer",
    status: "ready",
    status_reason: null,
    model_id: MODEL,
    model_name: "breast-cancer",
    live_revision: aRevision(),
    latest_revision: aRevision(),
    previous_good_revision: null,
    good_revisions: [],
    weights: [{ revision: 1, weight: 100 }],
    shadow: null,
    standby_revision: null,
    standby_until: null,
    cost: null,
    auto_configured: true,
    is_sample: false,
    created_at: AT,
    updated_at: AT,
    ...change,
  };
}

/** The registered model with two versions. */
export function aModel(change: Partial<Shape<"ModelOut">> = {}): Shape<"ModelOut"> {
  return {
    id: MODEL,
    name: "breast-cancer",
    description: "",
    tags: {},
    aliases: {},
    latest_version: 1,
    version_count: 1,
    framework: "sklearn",
    created_at: AT,
    updated_at: AT,
    created_by_name: "Ana Ruiz",
    is_sample: false,
    deployments: [],
    licence: "",
    task: "",
    owner_id: null,
    owner_name: "Ana Ruiz",
    protected_aliases: ["production"],
    ...change,
  };
}

/** What auto-config answers for it. */
export function aPickedSetup(change: Partial<Shape<"AutoConfigOut">> = {}): Shape<"AutoConfigOut"> {
  return {
    engine: "sklearn",
    cpu: 1,
    memory_gb: 1,
    gpu: 0,
    confidence: "high",
    reasons: [{ field: "engine", text: "Logged with the sklearn flavor." }],
    alternatives: [{ engine: "python", fits: true, reason: "Runs any model, slower." }],
    warnings: [],
    format: "sklearn",
    is_runnable: true,
    cpu_instead: false,
    suggested_name: "breast-cancer",
    environment_cached: true,
    expected_seconds: 6,
    ...change,
  };
}

export const page = <T>(items: T[]) => ({ items, next_cursor: null, total: items.length });
