import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { QUICK_DEPLOY, useFlag } from "@/api/flags";
import type { Shape } from "@/api/types";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type Rollout, useDeploy } from "./actions";
import { type AutoConfig, autoConfig, deploymentsOfModel, servedModel } from "./api";
import { byHand, configOf, type Draft, requestOf, type Target, untouched, updated } from "./draft";
import { QuickDeployForm } from "./quick-deploy-form";
import { QuickDeployProgress } from "./quick-deploy-progress";

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
  const title =
    `${quick ? "Quick deploy" : "Deploy"} ${model?.name ?? ""} ${version ? `version\u00a0${version}` : ""}`.trim();
  return (
    <Modal opened={target !== null} onClose={onClose} title={title} size={680}>
      {target && quick === null && <LinesSkeleton lines={10} />}
      {target && quick === false && model && (
        <Flow
          key={`${target.modelId} ${target.version}`}
          target={target}
          byHand={byHand(model)}
          onClose={onClose}
        />
      )}
      {target && quick && (
        <Flow
          key={`${target.modelId} ${target.version}`}
          target={target}
          byHand={null}
          onClose={onClose}
        />
      )}
    </Modal>
  );
}

interface FlowProps {
  target: Target;
  /** The form's first values when nothing is picked, because quick deploy is switched off. */
  byHand: AutoConfig | null;
  onClose: () => void;
}

function Flow({ target, byHand: own, onClose }: FlowProps) {
  const asked = useQuery({
    ...autoConfig(target.modelId, target.version),
    enabled: own === null,
  });
  const picked = own ?? asked.data;
  const there = useQuery(deploymentsOfModel(target.modelId));
  const deploy = useDeploy();
  const [draft, setDraft] = useState<Draft>(() => untouched("staging"));
  const [rollout, setRollout] = useState<Rollout | null>(null);

  if (rollout) {
    const repair = () => {
      setDraft({ ...draft, retryOf: rollout.deploymentId });
      setRollout(null);
    };
    return <QuickDeployProgress rollout={rollout} onRepair={repair} onClose={onClose} />;
  }
  if (asked.error) return <Refused error={asked.error} onRetry={() => void asked.refetch()} />;
  if (!picked || there.isPending) return <LinesSkeleton lines={10} />;

  const start = (chosen: Draft) => {
    setDraft(chosen);
    const sent = own ? { ...chosen, config: configOf(chosen, own) } : chosen;
    const onto = chosen.retryOf ?? updated(chosen, target, there.data ?? [])?.id ?? null;
    deploy.mutate(
      {
        onto,
        request: own ? plain(requestOf(sent, target, own)) : requestOf(sent, target, picked),
      },
      { onSuccess: setRollout },
    );
  };
  return (
    <QuickDeployForm
      picked={picked}
      isByHand={own !== null}
      draft={draft}
      onDraft={setDraft}
      updates={updated(draft, target, there.data ?? [])}
      busy={deploy.isPending}
      error={deploy.error}
      onDeploy={start}
      onCancel={onClose}
    />
  );
}

/** Nothing was picked, so nothing is corrected. */
const plain = ({ reviewed: _, ...request }: Shape<"DeployRequest">): Shape<"DeployRequest"> =>
  request;
