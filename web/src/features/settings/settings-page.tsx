import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMe, usePermission } from "@/api/session";
import { PageHeader } from "@/ui/page-header";
import { Tabs, tabClass } from "@/ui/tabs";

interface Props {
  ws: string;
  /** The tab in sight, for the title of the browser's tab. */
  part?: string | undefined;
  children: ReactNode;
}

/** The frame of the workspace's settings: one tab per page, those one may not see left out. */
export function SettingsPage({ ws, part, children }: Props) {
  const me = useMe();
  const mayLimits = usePermission("limits.manage");
  const mayFlags = usePermission("flags.manage");
  const mayWebhooks = usePermission("webhooks.manage");
  const mayAudit = usePermission("audit.read");
  const name = me.workspaces.find((workspace) => workspace.slug === ws)?.name ?? ws;
  return (
    <>
      <PageHeader title="Settings" part={part} meta={name} />
      <Tabs label="Settings">
        <Link className={tabClass} to="/w/$ws/settings/general" params={{ ws }}>
          General
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/members" params={{ ws }}>
          Members
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/channels" params={{ ws }}>
          Channels
        </Link>
        {mayWebhooks && (
          <Link className={tabClass} to="/w/$ws/settings/webhooks" params={{ ws }}>
            Webhooks
          </Link>
        )}
        <Link className={tabClass} to="/w/$ws/settings/tokens" params={{ ws }}>
          API tokens
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/environments" params={{ ws }}>
          Environments
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/levels" params={{ ws }}>
          Service levels
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/status" params={{ ws }}>
          Status
        </Link>
        <Link className={tabClass} to="/w/$ws/settings/storage" params={{ ws }}>
          Storage
        </Link>
        {mayLimits && (
          <Link className={tabClass} to="/w/$ws/settings/limits" params={{ ws }}>
            Rate limits
          </Link>
        )}
        {mayFlags && (
          <Link className={tabClass} to="/w/$ws/settings/features" params={{ ws }}>
            Features
          </Link>
        )}
        {mayAudit && (
          <Link className={tabClass} to="/w/$ws/settings/audit" params={{ ws }}>
            Audit log
          </Link>
        )}
      </Tabs>
      {children}
    </>
  );
}
