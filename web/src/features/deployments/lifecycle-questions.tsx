import { useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { useDeleteDeployment, useStop } from "./actions";
import type { Deployment } from "./api";

const AT_REST = new Set(["stopped", "failed"]);

/** Nothing of it runs: it can be started or deleted, not stopped. */
export const isAtRest = (deployment: Deployment): boolean => AT_REST.has(deployment.status);

export type Question = "stop" | "delete";

interface Props {
  deployment: Deployment;
  asking: Question | null;
  onClose: () => void;
}

/** What stopping and deleting do, asked before they are done. */
export function LifecycleQuestions({ deployment, asking, onClose }: Props) {
  const stop = useStop(deployment.id);
  const remove = useDeleteDeployment(deployment.id);
  const navigate = useNavigate();
  return (
    <>
      <ConfirmDialog
        opened={asking === "stop"}
        onClose={onClose}
        title={`Stop ${deployment.name}?`}
        confirmLabel="Stop deployment"
        destructive
        onConfirm={() => stop.mutate(undefined, { onSuccess: onClose })}
        busy={stop.isPending}
        error={stop.error}
      >
        {deployment.kind === "reported"
          ? "It is watched no more and can be deleted then. What was recorded stays."
          : "Its address answers 503 until it is started again. Keys, history and recorded predictions stay."}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "delete"}
        onClose={onClose}
        title={`Delete ${deployment.name}?`}
        confirmLabel="Delete deployment"
        destructive
        typeToConfirm={deployment.name}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => navigate({ to: "/w/$ws/deployments", params: here() }),
          })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        Its address, its endpoint keys, its history and its recorded predictions disappear. The
        model stays. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}
