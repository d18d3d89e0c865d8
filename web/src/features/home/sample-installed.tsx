import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { usePermission } from "@/api/session";
import { duration } from "@/lib/format";
import { deploymentPlace, modelPlace, runPlace } from "@/lib/places";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Elapsed } from "@/ui/elapsed";
import { LinkButton } from "@/ui/link-button";
import { Refused } from "@/ui/refused";
import { Stepper } from "@/ui/stepper";
import { type Install, isMoving, type Sample, useSampleActions } from "./api";

interface Props {
  ws: string;
  sample: Sample;
  install: Install;
}

/** A sample on its way in or loaded: its steps, what it made, more traffic, and the way out. */
export function SampleInstalled({ ws, sample, install }: Props) {
  const mayManage = usePermission("samples.manage");
  const actions = useSampleActions(sample.key);
  const [asking, dialog] = useDisclosure(false);
  const moving = isMoving(install);
  const error = actions.install.error ?? actions.replay.error;
  return (
    <div className="stack tight">
      <Stepper
        label={`Progress of ${sample.title}`}
        steps={install.steps.map((step) => ({ ...step, time: <StepTime step={step} /> }))}
      />
      {install.error && (
        <Callout tone="bad" role="alert" title="The sample could not be loaded">
          {install.error}
        </Callout>
      )}
      {error && <Refused error={error} />}
      <div className="row wrap">
        {install.status === "ready" && <Made ws={ws} install={install} />}
        {mayManage && install.status === "ready" && (
          <>
            <Button
              size="compact-sm"
              variant="default"
              disabled={moving}
              loading={actions.replay.isPending && !actions.replay.variables}
              onClick={() => actions.replay.mutate(false)}
            >
              Replay traffic
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              disabled={moving}
              loading={actions.replay.isPending && actions.replay.variables}
              onClick={() => actions.replay.mutate(true)}
            >
              Replay with drift
            </Button>
          </>
        )}
        {mayManage && install.status === "failed" && (
          <Button
            size="compact-sm"
            onClick={() => actions.install.mutate()}
            loading={actions.install.isPending}
          >
            Try again
          </Button>
        )}
        {mayManage && (install.status === "ready" || install.status === "failed") && (
          <Button size="compact-sm" variant="subtle" color="gray" ml="auto" onClick={dialog.open}>
            Remove sample
          </Button>
        )}
      </div>
      <ConfirmDialog
        opened={asking}
        onClose={dialog.close}
        title="Remove the sample project?"
        confirmLabel="Remove sample"
        destructive
        busy={actions.remove.isPending}
        error={actions.remove.error}
        onConfirm={() => actions.remove.mutate(undefined, { onSuccess: dialog.close })}
      >
        Its run, model, deployment, predictions and files are deleted. Nothing of your own is
        touched, and you can load it again.
      </ConfirmDialog>
    </div>
  );
}

function StepTime({ step }: { step: Install["steps"][number] }) {
  if (step.status === "running") return <Elapsed atLeast={step.seconds ?? 0} />;
  return step.seconds !== null && duration(step.seconds);
}

function Made({ ws, install }: { ws: string; install: Install }) {
  return (
    <>
      {install.deployment_id && (
        <LinkButton size="compact-sm" to={deploymentPlace(ws, install.deployment_id)}>
          Open deployment
        </LinkButton>
      )}
      {install.model_id && (
        <LinkButton size="compact-sm" variant="default" to={modelPlace(ws, install.model_id)}>
          Open model
        </LinkButton>
      )}
      {install.run_id && (
        <LinkButton size="compact-sm" variant="default" to={runPlace(ws, install.run_id)}>
          Open run
        </LinkButton>
      )}
    </>
  );
}
