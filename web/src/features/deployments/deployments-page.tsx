import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Deployment, deploymentList } from "./api";
import { PLACES, type Place } from "./places";

interface Props {
  place: Place;
  onPlace: (place: Place) => void;
}

/** Every deployment of the workspace. */
export function DeploymentsPage({ place, onPlace }: Props) {
  return (
    <>
      <PageHeader
        title="Deployments"
        meta="A model served under one address."
        actions={
          <Choice
            label="Environment"
            value={place}
            options={PLACES}
            names={{ all: "All", dev: "Development", staging: "Staging", production: "Production" }}
            onChange={onPlace}
          />
        }
      />
      <Panel flush>
        <View loading={<TableSkeleton />}>
          <List place={place} onPlace={onPlace} />
        </View>
      </Panel>
    </>
  );
}

function List({ place, onPlace }: Props) {
  const query = useSuspenseInfiniteQuery(
    deploymentList({ environment: place === "all" ? null : place }),
  );
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0 && place !== "all") {
    return (
      <EmptyState
        title="Nothing is deployed in this environment"
        action={<Button onClick={() => onPlace("all")}>Show all environments</Button>}
      />
    );
  }
  if (rows.length === 0) return <NothingDeployed />;
  return (
    <DataTable
      label="Deployments"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      total={query.data.pages[0]?.total}
      onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
    />
  );
}

function NothingDeployed() {
  return (
    <EmptyState
      icon={<IconRocket size={22} />}
      title="Nothing is deployed yet"
      action={
        <LinkButton to="/w/$ws/models" params={here()}>
          Go to models
        </LinkButton>
      }
    >
      Choose a model and press Quick deploy: it is live within seconds.
    </EmptyState>
  );
}

const columns: Column<Deployment>[] = [
  {
    id: "name",
    header: "Name",
    sortBy: (row) => row.name,
    cell: (row) => (
      <Link to="/w/$ws/deployments/$dep" params={{ ...here(), dep: row.id }}>
        {row.name}
      </Link>
    ),
  },
  {
    id: "environment",
    header: "Environment",
    sortBy: (row) => row.environment,
    cell: (row) => <Tag>{row.environment}</Tag>,
  },
  {
    id: "status",
    header: "Status",
    sortBy: (row) => row.status,
    cell: (row) => (
      <StatusBadge
        status={row.status}
        {...(row.status_reason ? { title: row.status_reason } : {})}
      />
    ),
  },
  {
    id: "model",
    header: "Model",
    sortBy: (row) => row.model_name,
    cell: (row) => (
      <Link to="/w/$ws/models/$model" params={{ ...here(), model: row.model_id }}>
        {row.model_name}
      </Link>
    ),
  },
  {
    id: "version",
    header: "Live version",
    cell: (row) =>
      row.live_revision ? `v${row.live_revision.version}` : <span className="dim">None</span>,
  },
  {
    id: "updated",
    header: "Last change",
    sortBy: (row) => row.updated_at,
    cell: (row) => <Time at={row.updated_at} />,
  },
];
