import { Button } from "@mantine/core";
import { IconLayoutDashboard } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { dashboards, useCreate } from "./api";
import { NameDialog } from "./name-dialog";

type Row = Shape<"DashboardSummary">;

/** Every dashboard of the workspace. */
export function DashboardsPage() {
  const mayMake = usePermission("dashboards.manage");
  const [naming, setNaming] = useState(false);
  const create = useCreate();
  const navigate = useNavigate();
  const make = mayMake && <Button onClick={() => setNaming(true)}>New dashboard</Button>;
  return (
    <>
      <PageHeader
        title="Dashboards"
        meta="Panels you choose, for everybody in the workspace."
        actions={make}
      />
      <View loading={<TableSkeleton rows={4} />}>
        <DashboardList action={make} />
      </View>
      {naming && (
        <NameDialog
          title="New dashboard"
          saveLabel="Make dashboard"
          busy={create.isPending}
          error={create.error}
          onClose={() => {
            create.reset();
            setNaming(false);
          }}
          onSave={(named) =>
            create.mutate(named, {
              onSuccess: ({ id }) =>
                void navigate({
                  to: "/w/$ws/dashboards/$dashboard",
                  params: { ...here(), dashboard: id },
                }),
            })
          }
        />
      )}
    </>
  );
}

function DashboardList({ action }: { action: ReactNode }) {
  const { data } = useSuspenseQuery(dashboards());
  return (
    <Panel flush={data.length > 0}>
      {data.length === 0 ? (
        <EmptyState
          icon={<IconLayoutDashboard size={22} />}
          title="No dashboards yet"
          action={action}
        >
          Put traffic, errors, latency, drift, quality and business value of your deployments side
          by side.
        </EmptyState>
      ) : (
        <DataTable label="Dashboards" columns={COLUMNS} rows={data} rowKey={(row) => row.id} />
      )}
    </Panel>
  );
}

const COLUMNS: Column<Row>[] = [
  {
    id: "name",
    header: "Name",
    sortBy: (row) => row.name.toLowerCase(),
    cell: (row) => (
      <Link to="/w/$ws/dashboards/$dashboard" params={{ ...here(), dashboard: row.id }}>
        {row.name}
      </Link>
    ),
  },
  { id: "panels", header: "Panels", align: "end", cell: (row) => row.panel_count },
  { id: "changed", header: "Changed", cell: (row) => <Time at={row.updated_at} /> },
  { id: "by", header: "By", cell: (row) => row.updated_by_name },
];
