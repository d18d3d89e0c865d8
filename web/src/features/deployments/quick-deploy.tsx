import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { QUICK_DEPLOY, useFlag } from "@/api/flags";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type Rollout, useDeploy } from "./actions";
import {
  type AutoConfig,
  autoConfig,
  deploymentsOfModel,
  environmentList,
  servedModel,
} from "./api";
import {
  byHand,
  configOf,
  type Draft,
  firstEnvironment,
  plain,
  remember,
  requestOf,
  type Target,
  untouched,
  updated,
} from "./draft";
import { QuickDeployForm } from "./quick-deploy-form";
import { QuickDeployProgress } from "./quick-deploy-progress";
import { CANARY } from "./strategy-choice";

interface Props {
  /** `null` keeps the dialog closed. */
  target: Target | null;
  onClose: () => void;
}

/** Deploys a model version in one click; the dialog then shows the rollout. */
export function QuickDeploy({ target, onClose }: Props) {
  const model = useQuery({ ...servedModel(target?.modelId ?? ""), enabled: target !== null }).data;
  const version = target?.version ?? model?.latest_version;
  const quick = useFlag(QUICK_DEPLOY);
  const [updating, setUpdating] = useState<string | null>(null);
  const what = updating
    ? `Update ${updating}`
    : `${quick ? "Quick deploy" : "Deploy"} ${model?.name ?? ""}`;
  const title = `${what} ${version && !updating ? `version\u00a0${version}` : ""}`.trim();
  return (
    <Modal opened={target !== null} onClose={onClose} title={title} size={680}>
      {target && quick === null && <LinesSkeleton lines={10} />}
      {target && quick === false && model && (
        <Flow
          key={`${target.modelId} ${target.version}`}
          target={target}
          version={version ?? null}
          model={model?.name ?? ""}
          onUpdating={setUpdating}
          byHand={byHand(model)}
          onClose={onClose}
        />
      )}
      {target && quick && (
        <Flow
          key={`${target.modelId} ${target.version}`}
          target={target}
          version={version ?? null}
          model={model?.name ?? ""}
          onUpdating={setUpdating}
          byHand={null}
          onClose={onClose}
        />
      )}
    </Modal>
  );
}

interface FlowProps {
  target: Target;
  /** The version that is meant; `null` until the model is read. */
  version: number | null;
  /** The model's name. */
  model: string;
  /** Told the name of the deployment that would be updated. */
  onUpdating: (name: string | null) => void;
  /** The form's first values when nothing is picked, because quick deploy is switched off. */
  byHand: AutoConfig | null;
  onClose: () => void;
}

function Flow({ target, version, model, onUpdating, byHand: own, onClose }: FlowProps) {
  const asked = useQuery({
    ...autoConfig(target.modelId, target.version),
    enabled: own === null,
  });
  const picked = own ?? asked.data;
  const there = useQuery(deploymentsOfModel(target.modelId));
  const deploy = useDeploy();
  const places = useQuery(environmentList());
  const [changed, setDraft] = useState<Draft | null>(null);
  const draft = changed ?? untouched(firstEnvironment(places.data ?? []));
  const [rollout, setRollout] = useState<Rollout | null>(null);
  const meant = { ...target, version };
  const updates = updated(draft, meant, there.data ?? []);
  const name = updates?.name ?? null;
  useEffect(() => {
    if (!rollout) onUpdating(name); // what was started stays what it was
  }, [name, rollout, onUpdating]);
  useEffect(() => () => onUpdating(null), [onUpdating]);

  if (rollout) {
    const repair = () => {
      setDraft({ ...draft, retryOf: rollout.deploymentId });
      setRollout(null);
    };
    return <QuickDeployProgress rollout={rollout} onRepair={repair} onClose={onClose} />;
  }
  if (asked.error) return <Refused error={asked.error} onRetry={() => void asked.refetch()} />;
  if (!picked || there.isPending || places.isPending) return <LinesSkeleton lines={10} />;

  const asks = (chosen: Draft) => {
    const sent = own ? { ...chosen, config: configOf(chosen, own) } : chosen;
    const request = requestOf(sent, target, picked);
    return {
      request: own ? plain(request) : request,
      strategy: chosen.canary ? CANARY : null,
    };
  };
  const start = (chosen: Draft) => {
    setDraft(chosen);
    remember(chosen.environment);
    const onto = chosen.retryOf ?? updated(chosen, meant, there.data ?? [])?.id ?? null;
    deploy.mutate({ onto, ...asks(chosen) }, { onSuccess: setRollout });
  };
  const { request, strategy } = asks(draft);
  return (
    <QuickDeployForm
      picked={picked}
      isByHand={own !== null}
      draft={draft}
      onDraft={setDraft}
      environments={places.data ?? []}
      there={there.data ?? []}
      updates={updates}
      version={version}
      busy={deploy.isPending}
      error={deploy.error}
      code={{
        origin: window.location.origin,
        model,
        request: { ...request, version },
        onto: updates,
        strategy,
      }}
      onDeploy={start}
      onCancel={onClose}
    />
  );
}
