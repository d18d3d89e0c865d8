import { useQuery, useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Deployment, liveVersions, type Model, type Version, versionList } from "./api";
import { CheckBadges } from "./checks";
import { DeployButton } from "./deploy-button";
import type { DeployTarget } from "./models-page";

/** The versions of a model: whether they work, what points at them, where they serve. */
export function Versions({
  model,
  onDeploy,
}: {
  model: Model;
  onDeploy: ((target: DeployTarget) => void) | null;
}) {
  const query = useSuspenseInfiniteQuery(versionList(model.id));
  const live = useQuery(liveVersions(model.id)).data;
  const columns = useMemo(() => columnsOf(onDeploy, live ?? []), [onDeploy, live]);
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <EmptyState title="This model has no versions yet">
        Log a model with this registered name to add one.
      </EmptyState>
    );
  }
  return (
    <DataTable
      label="Versions"
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.version)}
      total={query.data.pages[0]?.total}
      onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
    />
  );
}

const columnsOf = (
  onDeploy: ((target: DeployTarget) => void) | null,
  live: Deployment[],
): Column<Version>[] => [
  {
    id: "version",
    header: "Version",
    cell: (row) => (
      <Link
        to="/w/$ws/models/$model/v/$version"
        params={{ ...here(), model: row.model_id, version: String(row.version) }}
      >
        Version {row.version}
      </Link>
    ),
  },
  { id: "checks", header: "Checks", cell: (row) => <CheckBadges checks={row.checks} /> },
  {
    id: "aliases",
    header: "Aliases",
    cell: (row) => (
      <span className="row wrap" style={{ gap: 4 }}>
        {row.aliases.length === 0 && <span className="dim">–</span>}
        {row.aliases.map((alias) => (
          <Tag key={alias}>{alias}</Tag>
        ))}
      </span>
    ),
  },
  {
    id: "framework",
    header: "Framework",
    cell: (row) => row.framework ?? <span className="dim">–</span>,
  },
  {
    id: "live",
    header: "Live in",
    cell: (row) => (
      <LiveIn deployments={live.filter((one) => one.live_revision?.version === row.version)} />
    ),
  },
  { id: "by", header: "By", cell: (row) => row.created_by_name },
  { id: "created", header: "Created", cell: (row) => <Time at={row.created_at} /> },
  {
    id: "deploy",
    header: "",
    align: "end",
    cell: (row) =>
      onDeploy && (
        <DeployButton
          size="xs"
          variant="default"
          of={`version ${row.version}`}
          onClick={() => onDeploy({ modelId: row.model_id, version: row.version })}
        />
      ),
  },
];

function LiveIn({ deployments }: { deployments: Deployment[] }) {
  if (deployments.length === 0) return <span className="dim">–</span>;
  return (
    <span className="row wrap">
      {deployments.map((one) => (
        <Link
          key={one.id}
          to="/w/$ws/deployments/$dep"
          params={{ ...here(), dep: one.id }}
          search={{ tab: "overview" }}
        >
          {one.environment}/{one.name}
        </Link>
      ))}
    </span>
  );
}
