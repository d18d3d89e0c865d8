import { ActionIcon, Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { InboxBell } from "@/features/collaboration/inbox-bell";
import { View } from "@/ui/view";
import { Rail } from "./rail";
import classes from "./shell.module.css";
import { ThemeSwitch } from "./theme-switch";
import { UserMenu } from "./user-menu";
import { WorkspaceSwitcher } from "./workspace-switcher";

/** What stands around every page of a workspace. */
export function Shell({ ws, children }: { ws: string; children: ReactNode }) {
  const [opened, drawer] = useDisclosure(false);
  return (
    <>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <div className={classes.shell}>
        <Rail ws={ws} />
        <Drawer
          opened={opened}
          onClose={drawer.close}
          size={280}
          title="Menu"
          classNames={{ body: classes.drawer ?? "" }}
        >
          <Rail ws={ws} onNavigate={drawer.close} />
        </Drawer>
        <div className={classes.column}>
          <header className={classes.bar}>
            <ActionIcon
              className={classes.burger}
              variant="subtle"
              color="gray"
              size={40}
              aria-label="Open menu"
              onClick={drawer.open}
            >
              <IconMenu2 size={20} />
            </ActionIcon>
            <WorkspaceSwitcher ws={ws} />
            <span className={classes.grow} />
            <InboxBell ws={ws} />
            <ThemeSwitch />
            <UserMenu ws={ws} />
          </header>
          <main id="main" className={classes.main} tabIndex={-1}>
            <View>{children}</View>
          </main>
        </div>
      </div>
    </>
  );
}
