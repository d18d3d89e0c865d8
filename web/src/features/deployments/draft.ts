import type { Shape } from "@/api/types";
import type { AutoConfig, Deployment, ServingConfig } from "./api";

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
}

export const untouched = (environment: string): Draft => ({
  environment,
  name: null,
  config: null,
  separate: false,
  retryOf: null,
});

/** The setup that will be sent. */
export function configOf(draft: Draft, picked: AutoConfig): ServingConfig {
  return (
    draft.config ?? {
      engine: picked.engine,
      cpu: picked.cpu,
      memory_gb: picked.memory_gb,
      gpu: picked.gpu,
    }
  );
}

/** The deployment of the model in the chosen environment that this draft would update. */
export function updated(draft: Draft, target: Target, there: Deployment[]): Deployment | null {
  if (draft.retryOf) return there.find((one) => one.id === draft.retryOf) ?? null;
  if (draft.separate || draft.name !== null) return null;
  const same = there.filter(
    (one) => one.environment === draft.environment && one.status !== "stopping",
  );
  return (
    same.find((one) => target.version === null || one.live_revision?.version !== target.version) ??
    null
  );
}

export function requestOf(
  draft: Draft,
  target: Target,
  picked: AutoConfig,
): Shape<"DeployRequest"> {
  return {
    model_id: target.modelId,
    version: target.version,
    environment: draft.environment,
    name: draft.name ?? picked.suggested_name,
    use_auto_config: draft.config === null,
    config: draft.config,
  };
}
