import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { useDeploy } from "./actions";
import type { Deployment } from "./api";

/** Deploys a newer version onto this deployment: at once, in production after one question. */
export function DeployVersion({
  deployment,
  version,
}: {
  deployment: Deployment;
  version: number;
}) {
  const [asking, setAsking] = useState(false);
  const deploy = useDeploy();
  const start = () =>
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
        },
      },
      {
        onSuccess: () => setAsking(false),
        onError: (error) => {
          if (!asking)
            notifications.show({ color: "red", title: "Not deployed", message: error.message });
        },
      },
    );
  const needsConfirmation = deployment.environment === "production";
  return (
    <>
      <Button
        loading={deploy.isPending}
        onClick={needsConfirmation ? () => setAsking(true) : start}
      >
        Deploy version {version}
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Deploy version ${version} to production?`}
        confirmLabel={`Deploy version ${version}`}
        onConfirm={start}
        busy={deploy.isPending}
        error={deploy.error}
      >
        {deployment.name} serves version {deployment.live_revision?.version} until version {version}{" "}
        has passed its checks, then all its traffic goes to version {version}.
      </ConfirmDialog>
    </>
  );
}
