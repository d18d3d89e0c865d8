import type { Shape } from "@/api/types";
import type { AutoConfig, Deployment, ServingConfig } from "./api";
import type { Approval } from "./approval-fields";

/** What is to be deployed. */
export interface Target {
  modelId: string;
  /** The latest when `null`. */
  version: number | null;
}

/** What a person changed about a deployment before it starts. `null` means: as picked. */
export interface Draft {
  environment: string;
  name: string | null;
  config: ServingConfig | null;
  /** A second deployment although one of this model is there. */
  separate: boolean;
  /** The deployment of an earlier try, which the next try repairs. */
  retryOf: string | null;
  /** An update gets a share of the calls first. */
  canary: boolean;
  approval: Approval | null;
  /** A setup that changed since it was shown is taken as it is now. */
  acceptChanges: boolean;
}

export const untouched = (environment: string): Draft => ({
  environment,
  name: null,
  config: null,
  separate: false,
  retryOf: null,
  canary: false,
  approval: null,
  acceptChanges: false,
});

const ENGINES = ["sklearn", "xgboost", "onnx", "python"];

const LAST = "modelyard-environment";

/** The environment that was deployed to last, where it is one of these; else staging. */
export function firstEnvironment(environments: { slug: string }[]): string {
  const last = localStorage.getItem(LAST);
  const known = (slug: string | null) => environments.some((one) => one.slug === slug);
  if (last !== null && known(last)) return last;
  return known("staging") ? "staging" : (environments[0]?.slug ?? "staging");
}

export const remember = (environment: string): void => localStorage.setItem(LAST, environment);

/** The form's first values while quick deploy is switched off: nothing is picked for anybody. */
export function byHand(model: Shape<"ModelOut">): AutoConfig {
  const engine = ENGINES.find((one) => one === model.framework) ?? "python";
  return {
    engine,
    cpu: 1,
    memory_gb: 1,
    gpu: 0,
    confidence: "high",
    reasons: [],
    alternatives: ENGINES.filter((one) => one !== engine).map((one) => ({
      engine: one,
      fits: true,
      reason: "",
    })),
    warnings: [],
    format: model.framework ?? "python",
    is_runnable: true,
    cpu_instead: false,
    suggested_name: slug(model.name),
    environment_cached: false,
    expected_seconds: 45,
  };
}

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63) || "model";

/** The setup that will be sent. */
export function configOf(draft: Draft, picked: AutoConfig): ServingConfig {
  return draft.config ?? pickedConfig(picked);
}

export const pickedConfig = (picked: AutoConfig): ServingConfig => ({
  engine: picked.engine,
  cpu: picked.cpu,
  memory_gb: picked.memory_gb,
  gpu: picked.gpu,
});

/** The deployment of the model in the chosen environment that this draft would update. */
export function updated(draft: Draft, target: Target, there: Deployment[]): Deployment | null {
  if (draft.retryOf) return there.find((one) => one.id === draft.retryOf) ?? null;
  if (draft.separate || draft.name !== null) return null;
  const same = there.filter(
    (one) =>
      one.environment === draft.environment && one.kind === "served" && one.status !== "stopping",
  );
  const older = same.find(
    (one) => target.version === null || one.live_revision?.version !== target.version,
  );
  return older ?? same[0] ?? null;
}

type DeployRequest = Shape<"DeployRequest">;

export function requestOf(draft: Draft, target: Target, picked: AutoConfig): DeployRequest {
  return {
    model_id: target.modelId,
    version: target.version,
    environment: draft.environment,
    name: draft.name ?? picked.suggested_name,
    use_auto_config: draft.config === null,
    config: draft.config,
    reviewed: pickedConfig(picked),
    accept_changes: draft.acceptChanges,
    ...(draft.approval ? { approval: draft.approval } : {}),
  };
}

/** The same for a deployment that exists: its next revision. */
export function revisionOf(
  { model_id: _, environment: __, name: ___, approval, reviewed, ...asked }: DeployRequest,
  strategy: Shape<"Strategy"> | null,
): Shape<"RevisionCreate"> {
  return {
    ...asked,
    ...(reviewed ? { reviewed } : {}),
    ...(strategy ? { strategy } : {}),
    ...(approval ? { approval } : {}),
  };
}

/** Without what was shown: nothing was picked, so nothing is corrected. */
export const plain = ({ reviewed: _, ...request }: DeployRequest): DeployRequest => request;
