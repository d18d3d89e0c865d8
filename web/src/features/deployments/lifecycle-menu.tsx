import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconPlayerPlay, IconPlayerStop, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { useDeleteDeployment, useStart, useStop } from "./actions";
import type { Deployment } from "./api";

const AT_REST = new Set(["stopped", "failed"]);

/** Stop, start and delete. */
export function LifecycleMenu({ deployment }: { deployment: Deployment }) {
  const [asking, setAsking] = useState<"stop" | "delete" | null>(null);
  const [stop, start, remove] = [
    useStop(deployment.id),
    useStart(deployment.id),
    useDeleteDeployment(deployment.id),
  ];
  const navigate = useNavigate();
  const atRest = AT_REST.has(deployment.status);
  const close = () => setAsking(null);
  const refused = (error: Error) =>
    notifications.show({ color: "red", title: "Not done", message: error.message });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More actions">
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {atRest && deployment.kind === "served" && (
            <Menu.Item
              leftSection={<IconPlayerPlay size={16} />}
              onClick={() => start.mutate(undefined, { onError: refused })}
            >
              Start
            </Menu.Item>
          )}
          {!atRest && (
            <Menu.Item leftSection={<IconPlayerStop size={16} />} onClick={() => setAsking("stop")}>
              Stop
            </Menu.Item>
          )}
          <Menu.Item
            color="red"
            disabled={!atRest}
            leftSection={<IconTrash size={16} />}
            onClick={() => setAsking("delete")}
          >
            {atRest ? "Delete" : "Delete (stop it first)"}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ConfirmDialog
        opened={asking === "stop"}
        onClose={close}
        title={`Stop ${deployment.name}?`}
        confirmLabel="Stop deployment"
        destructive
        onConfirm={() => stop.mutate(undefined, { onSuccess: close })}
        busy={stop.isPending}
        error={stop.error}
      >
        {deployment.kind === "reported"
          ? "It is watched no more and can be deleted then. What was recorded stays."
          : "Its address answers 503 until it is started again. Keys, history and recorded predictions stay."}
      </ConfirmDialog>
      <ConfirmDialog
        opened={asking === "delete"}
        onClose={close}
        title={`Delete ${deployment.name}?`}
        confirmLabel="Delete deployment"
        destructive
        {...(deployment.environment === "production" ? { typeToConfirm: deployment.name } : {})}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => navigate({ to: "/w/$ws/deployments", params: here() }),
          })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        Its address, its endpoint keys, its history and its recorded predictions disappear. The
        model stays.
      </ConfirmDialog>
    </>
  );
}
