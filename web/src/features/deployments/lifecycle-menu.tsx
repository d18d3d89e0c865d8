import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconPlayerPlay, IconPlayerStop, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useStart } from "./actions";
import type { Deployment } from "./api";
import { isAtRest, LifecycleQuestions, type Question } from "./lifecycle-questions";

/** Stop, start and delete. */
export function LifecycleMenu({ deployment }: { deployment: Deployment }) {
  const [asking, setAsking] = useState<Question | null>(null);
  const start = useStart(deployment.id);
  const atRest = isAtRest(deployment);
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
      <LifecycleQuestions deployment={deployment} asking={asking} onClose={() => setAsking(null)} />
    </>
  );
}
