import { Button, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useDeploy } from "./actions";
import { type Deployment, environmentList } from "./api";
import { type Approval, ApprovalFields } from "./approval-fields";
import { usePlaceName } from "./place-name";
import { GUARDED, type Strategy, StrategyChoice } from "./strategy-choice";

interface Props {
  deployment: Deployment;
  version: number;
}

/** Deploys a newer version onto this deployment: at once, or step by step under guards. */
export function DeployVersion({ deployment, version }: Props) {
  const [asking, setAsking] = useState(false);
  const deploy = useDeploy();
  const place = useQuery(environmentList()).data?.find(
    (one) => one.slug === deployment.environment,
  );
  const placeName = usePlaceName(deployment.environment);
  const needsApproval = place?.policy.needs_approval ?? false;
  const start = (strategy: Strategy | null, approval: Approval | null = null) =>
    deploy.mutate(
      {
        onto: deployment.id,
        request: {
          model_id: deployment.model_id,
          version,
          environment: deployment.environment,
          use_auto_config: true,
          config: null,
          accept_changes: false,
          approval,
        },
        strategy,
      },
      {
        onSuccess: () => setAsking(false),
        onError: (error) => {
          if (!asking)
            notifications.show({ color: "red", title: "Not deployed", message: error.message });
        },
      },
    );
  const asks = deployment.environment === "production" || needsApproval;
  return (
    <>
      {!asks && deployment.live_revision && (
        <Button variant="default" onClick={() => setAsking(true)}>
          Step by step…
        </Button>
      )}
      <Button loading={deploy.isPending} onClick={asks ? () => setAsking(true) : () => start(null)}>
        Deploy version {version}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Deploy version ${version} to ${placeName.toLowerCase()}?`}
      >
        <Question
          deployment={deployment}
          version={version}
          needsApproval={needsApproval}
          busy={deploy.isPending}
          error={deploy.error}
          onStart={start}
          onClose={() => setAsking(false)}
        />
      </Modal>
    </>
  );
}

interface QuestionProps extends Props {
  needsApproval: boolean;
  busy: boolean;
  error: Error | null;
  onStart: (strategy: Strategy, approval: Approval | null) => void;
  onClose: () => void;
}

function Question(props: QuestionProps) {
  const { deployment, version, needsApproval, busy, error, onStart, onClose } = props;
  const [strategy, setStrategy] = useState(GUARDED);
  const [approval, setApproval] = useState<Approval | null>(null);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onStart(strategy, approval);
      }}
    >
      <p>
        {deployment.name} serves version {deployment.live_revision?.version} until version {version}{" "}
        has passed its checks.
      </p>
      <StrategyChoice value={strategy} onChange={setStrategy} />
      <ApprovalFields value={approval} onChange={setApproval} required={needsApproval} />
      {error && <Refused error={error} />}
      <FormActions onCancel={onClose}>
        <Button type="submit" loading={busy} data-autofocus>
          Deploy version {version}
        </Button>
      </FormActions>
    </form>
  );
}
