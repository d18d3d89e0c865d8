import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { type Rollout, useDeploy } from "./actions";
import { autoConfig, deploymentsOfModel, servedModel } from "./api";
import { type Draft, requestOf, type Target, untouched, updated } from "./draft";
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
  const title = `Quick deploy ${model?.name ?? ""} ${version ? `version ${version}` : ""}`.trim();
  return (
    <Modal opened={target !== null} onClose={onClose} title={title} size={680}>
      {target && (
        <Flow key={`${target.modelId} ${target.version}`} target={target} onClose={onClose} />
      )}
    </Modal>
  );
}

function Flow({ target, onClose }: { target: Target; onClose: () => void }) {
  const picked = useQuery(autoConfig(target.modelId, target.version));
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
  if (picked.error) return <Refused error={picked.error} onRetry={() => void picked.refetch()} />;
  if (!picked.data || there.isPending) return <LinesSkeleton lines={10} />;

  const start = (chosen: Draft) => {
    setDraft(chosen);
    const onto = chosen.retryOf ?? updated(chosen, target, there.data ?? [])?.id ?? null;
    deploy.mutate(
      { onto, request: requestOf(chosen, target, picked.data) },
      { onSuccess: setRollout },
    );
  };
  return (
    <QuickDeployForm
      picked={picked.data}
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
