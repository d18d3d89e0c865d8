import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Deployment, liveVersions } from "./api";

/** Who uses the model: its deployments and the version each one serves. */
export function ServingTab({ id }: { id: string }) {
  const { data } = useSuspenseQuery(liveVersions(id));
  return (
    <Panel title="Deployments" flush>
      {data.length === 0 ? (
        <EmptyState title="Nobody serves this model">
          Quick deploy puts a version behind an address.
        </EmptyState>
      ) : (
        <DataTable label="Deployments" columns={COLUMNS} rows={data} rowKey={(row) => row.id} />
      )}
    </Panel>
  );
}

const COLUMNS: Column<Deployment>[] = [
  {
    id: "name",
    header: "Deployment",
    cell: (row) => (
      <Link
        to="/w/$ws/deployments/$dep"
        params={{ ...here(), dep: row.id }}
        search={{ tab: "overview" }}
      >
        {row.environment}/{row.name}
      </Link>
    ),
  },
  { id: "status", header: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  {
    id: "version",
    header: "Serves",
    cell: (row) =>
      row.live_revision ? (
        <Link
          to="/w/$ws/models/$model/v/$version"
          params={{
            ...here(),
            model: row.live_revision.model_id,
            version: String(row.live_revision.version),
          }}
        >
          v{row.live_revision.version}
        </Link>
      ) : (
        <span className="dim">Nothing yet</span>
      ),
  },
  { id: "since", header: "Since", cell: (row) => <Time at={row.live_revision?.live_from} /> },
];
