import { Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconPlus, IconSelector } from "@tabler/icons-react";
import { useMe, usePermission } from "@/api/session";
import { initials } from "@/lib/initials";
import { statusWord } from "@/ui/status-badge";
import { CreateWorkspaceDialog } from "./create-workspace-dialog";
import classes from "./shell.module.css";

/** The workspace one is in, and the way to the others. Switching loads afresh: nothing of one stays for the next. */
export function WorkspaceSwitcher({ ws }: { ws: string }) {
  const me = useMe();
  const mayCreate = usePermission("workspaces.create");
  const [creating, dialog] = useDisclosure(false);
  const current = me.workspaces.find((workspace) => workspace.slug === ws);
  return (
    <>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <button type="button" className={classes.switcher}>
            <span className={classes.avatar} aria-hidden>
              {initials(current?.name ?? ws)}
            </span>
            <span className="sr-only">Workspace: </span>
            <span className="truncate">{current?.name ?? ws}</span>
            <IconSelector size={15} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{me.organisation_name}</Menu.Label>
          {me.workspaces.map((workspace) => (
            <Menu.Item
              key={workspace.id}
              component="a"
              href={`/w/${encodeURIComponent(workspace.slug)}/home`}
              rightSection={workspace.slug === ws ? <IconCheck size={14} /> : null}
            >
              {workspace.name} <span className="dim caption">{statusWord(workspace.role)}</span>
            </Menu.Item>
          ))}
          {mayCreate && (
            <>
              <Menu.Divider />
              <Menu.Item leftSection={<IconPlus size={15} />} onClick={dialog.open}>
                Create workspace
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <CreateWorkspaceDialog opened={creating} onClose={dialog.close} />
    </>
  );
}
