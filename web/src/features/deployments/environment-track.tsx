import { Button, Modal } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { here } from "@/lib/here";
import { Facts } from "@/ui/facts";
import { FormActions } from "@/ui/form-actions";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { usePromote } from "./actions";
import { deploymentTrack, environmentList } from "./api";
import { type Approval, ApprovalFields } from "./approval-fields";
import classes from "./environment-track.module.css";
import { GUARDED, StrategyChoice } from "./strategy-choice";

type Stage = Shape<"StageOut">;

/** The model through the environments; between two of them, what is promoted or why not yet. */
export function EnvironmentTrack({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deploymentTrack(id));
  const mayChange = usePermission("deployments.create");
  return (
    <Panel title="Environments" note="Promotion serves the identical files and environment.">
      <ol className={classes.track}>
        {data.stages.map((stage) => (
          <li key={stage.environment} className={classes.stage}>
            <Card stage={stage} isHere={stage.deployment_id === id} />
            {stage.deployment_id && stage.next_environment && mayChange && (
              <Onward
                stage={stage}
                to={data.stages.find((one) => one.environment === stage.next_environment)}
              />
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Card({ stage, isHere }: { stage: Stage; isHere: boolean }) {
  return (
    <div className={classes.card} aria-current={isHere || undefined}>
      <div className="row between">
        <strong>
          {stage.deployment_id && !isHere ? (
            <Link to="/w/$ws/deployments/$dep" params={{ ...here(), dep: stage.deployment_id }}>
              {stage.name}
            </Link>
          ) : (
            stage.name
          )}
        </strong>
        {stage.status && <StatusBadge status={stage.status} />}
      </div>
      {stage.version === null ? (
        <span className="dim small">Nothing is live here.</span>
      ) : (
        <>
          <span>
            Version {stage.version}, {stage.weight} % of the traffic
          </span>
          <span className="dim small">
            since <Time at={stage.since} /> by {stage.by}
          </span>
          {stage.promoted_from && (
            <span className="dim small">promoted from {stage.promoted_from}</span>
          )}
        </>
      )}
    </div>
  );
}

function Onward({ stage, to }: { stage: Stage; to: Stage | undefined }) {
  const [asking, setAsking] = useState(false);
  const place = stage.next_name ?? "";
  if (stage.unmet.length > 0) {
    return (
      <ul className={`${classes.unmet} small dim`} aria-label={`Before ${place}`}>
        {stage.unmet.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    );
  }
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        Promote
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Promote version ${stage.version} to ${place.toLowerCase()}?`}
      >
        {asking && <Question stage={stage} to={to} onClose={() => setAsking(false)} />}
      </Modal>
    </>
  );
}

interface QuestionProps {
  stage: Stage;
  to: Stage | undefined;
  onClose: () => void;
}

function Question({ stage, to, onClose }: QuestionProps) {
  const promote = usePromote(stage.deployment_id ?? "");
  const [strategy, setStrategy] = useState(GUARDED);
  const [approval, setApproval] = useState<Approval | null>(null);
  const target = useQuery(environmentList()).data?.find(
    (one) => one.slug === stage.next_environment,
  );
  const replaces = to?.version ?? null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        promote.mutate(
          {
            environment: stage.next_environment ?? "",
            ...(replaces === null ? {} : { strategy }),
            ...(approval ? { approval } : {}),
          },
          { onSuccess: onClose },
        );
      }}
    >
      <Facts
        of={[
          ["From", `${stage.name}, version ${stage.version}, revision ${stage.revision}`],
          [
            "To",
            replaces === null
              ? `${stage.next_name}, where nothing of it is live`
              : `${stage.next_name}, which serves version ${replaces}`,
          ],
        ]}
      />
      {replaces !== null && <StrategyChoice value={strategy} onChange={setStrategy} />}
      <ApprovalFields
        value={approval}
        onChange={setApproval}
        required={target?.policy.needs_approval ?? false}
      />
      {promote.error && <Refused error={promote.error} />}
      <FormActions onCancel={onClose}>
        <Button type="submit" loading={promote.isPending} data-autofocus>
          Promote to {stage.next_name?.toLowerCase()}
        </Button>
      </FormActions>
    </form>
  );
}
