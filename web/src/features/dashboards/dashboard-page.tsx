import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots, IconLayoutDashboard } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { Choice } from "@/ui/choice";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { EmptyState } from "@/ui/empty-state";
import { LiveMark } from "@/ui/live-mark";
import { PageHeader } from "@/ui/page-header";
import { Panel as Card } from "@/ui/panel";
import { type Dashboard, dashboard, type Panel, useRemove, useSave, type Window } from "./api";
import { BoardGrid } from "./board-grid";
import { useBoardLive } from "./board-live";
import { NameDialog } from "./name-dialog";
import { PanelDialog } from "./panel-dialog";
import { WINDOWS } from "./words";

interface Props {
  id: string;
  /** What a reader looks at instead of the dashboard's own window. */
  window: Window | null;
  onWindow: (window: Window) => void;
}

type Open = "panel" | "name" | "remove" | null;

/** One dashboard: its panels, live, over the window in the address or its own. */
export function DashboardPage({ id, window: asked, onWindow }: Props) {
  const { data } = useSuspenseQuery(dashboard(id));
  const mayChange = usePermission("dashboards.manage");
  const [open, setOpen] = useState<Open>(null);
  const window = asked ?? data.window;
  const live = useBoardLive(data, window);
  const add = mayChange && <Button onClick={() => setOpen("panel")}>Add panel</Button>;
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/dashboards" params={here()}>
            Dashboards
          </Link>,
        ]}
        status={<LiveMark state={live} />}
        actions={
          <>
            <Choice label="Window" value={window} options={WINDOWS} onChange={onWindow} />
            {add}
            {mayChange && <BoardMenu onOpen={setOpen} />}
          </>
        }
      />
      {data.panels.length === 0 ? (
        <Card>
          <EmptyState icon={<IconLayoutDashboard size={22} />} title="No panels yet" action={add}>
            A panel shows one signal of up to six deployments over time.
          </EmptyState>
        </Card>
      ) : (
        <BoardGrid of={data} window={window} mayChange={mayChange} />
      )}
      <Dialogs of={data} open={open} onClose={() => setOpen(null)} />
    </>
  );
}

function BoardMenu({ onOpen }: { onOpen: (what: Open) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label="More for this dashboard">
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onOpen("name")}>Rename or set window</Menu.Item>
        <Menu.Item color="red" onClick={() => onOpen("remove")}>
          Delete dashboard
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const fresh = (): Panel => ({
  id: `p-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`,
  title: "",
  signal: "traffic",
  deployment_ids: [],
  window: null,
  percentile: "p95",
  feature: null,
  metric: null,
  width: 1,
});

function Dialogs({ of, open, onClose }: { of: Dashboard; open: Open; onClose: () => void }) {
  const save = useSave(of.id);
  const remove = useRemove();
  const navigate = useNavigate();
  if (open === "panel")
    return (
      <PanelDialog
        isNew
        panel={fresh()}
        onClose={onClose}
        onSave={(panel) => save.mutateAsync({ panels: [...of.panels, panel] })}
      />
    );
  if (open === "name")
    return (
      <NameDialog
        title="Dashboard"
        saveLabel="Save"
        of={of}
        busy={save.isPending}
        error={save.error}
        onClose={onClose}
        onSave={(named) => save.mutate(named, { onSuccess: onClose })}
      />
    );
  return (
    <ConfirmDialog
      opened={open === "remove"}
      onClose={onClose}
      title={`Delete ${of.name}`}
      confirmLabel="Delete dashboard"
      destructive
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() =>
        remove.mutate(of.id, {
          onSuccess: () => void navigate({ to: "/w/$ws/dashboards", params: here() }),
        })
      }
    >
      The dashboard and its panels disappear for everybody. The deployments and what is known of
      them stay.
    </ConfirmDialog>
  );
}
