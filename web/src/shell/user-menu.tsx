import { Menu, UnstyledButton } from "@mantine/core";
import { IconLogout, IconShieldLock } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, done, rememberCsrf } from "@/api/client";
import { useMe } from "@/api/session";
import { initials } from "@/lib/initials";
import classes from "./shell.module.css";

/** Who is signed in, their own settings, and the way out. */
export function UserMenu({ ws }: { ws: string }) {
  const me = useMe();
  const signOut = useSignOut();
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton>
          <span
            className={`${classes.avatar} ${classes.round}`}
            aria-hidden
            style={{ width: 30, height: 30 }}
          >
            {initials(me.display_name)}
          </span>
          <span className="sr-only">Account: {me.display_name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div style={{ padding: "8px 12px" }}>
          <div className="truncate" style={{ fontWeight: 550 }}>
            {me.display_name}
          </div>
          <div className="truncate small dim">{me.email}</div>
        </div>
        <Menu.Divider />
        <Menu.Item
          renderRoot={(props) => <Link {...props} to="/w/$ws/me" params={{ ws }} />}
          leftSection={<IconShieldLock size={16} stroke={1.7} />}
        >
          Password and sessions
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={16} stroke={1.7} />}
          onClick={() => signOut.mutate()}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function useSignOut() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async () => done(await api.DELETE("/api/v1/session")),
    onSuccess: async () => {
      rememberCsrf(null);
      await navigate({ to: "/sign-in" });
      queries.clear();
    },
  });
}
