import { Button, Select } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useQuery, useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { here } from "@/lib/here";
import { Choice } from "@/ui/choice";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { deploymentList, environmentList, glances } from "./api";
import { columnsOf } from "./deployment-columns";

const SIDE_BY_SIDE = 4; // environments; more are chosen from a list

interface Props {
  /** Slug of an environment, or "all". */
  place: string;
  onPlace: (place: string) => void;
}

/** Every deployment of the workspace. */
export function DeploymentsPage({ place, onPlace }: Props) {
  return (
    <>
      <PageHeader
        title="Deployments"
        meta="A model served under one address."
        actions={<Environment place={place} onPlace={onPlace} />}
      />
      <Panel flush>
        <View loading={<TableSkeleton />}>
          <List place={place} onPlace={onPlace} />
        </View>
      </Panel>
    </>
  );
}

/** Chooses one of the workspace's own environments. */
function Environment({ place, onPlace }: Props) {
  const { data: environments } = useQuery(environmentList());
  if (!environments) return null;
  const names = { all: "All", ...namesOf(environments) };
  const options = Object.keys(names);
  if (environments.length <= SIDE_BY_SIDE) {
    return (
      <Choice
        label="Environment"
        value={place}
        options={options}
        names={names}
        onChange={onPlace}
      />
    );
  }
  return (
    <Select
      aria-label="Environment"
      data={Object.entries(names).map(([value, label]) => ({ value, label }))}
      value={place}
      onChange={(chosen) => chosen && onPlace(chosen)}
    />
  );
}

const namesOf = (environments: { slug: string; name: string }[]): Record<string, string> =>
  Object.fromEntries(environments.map((one) => [one.slug, one.name]));

function List({ place, onPlace }: Props) {
  const query = useSuspenseInfiniteQuery(
    deploymentList({ environment: place === "all" ? null : place }),
  );
  const { data: environments } = useQuery(environmentList());
  const { data: seen } = useQuery(glances());
  const columns = useMemo(
    () =>
      columnsOf(namesOf(environments ?? []), new Map(seen?.map((row) => [row.deployment_id, row]))),
    [environments, seen],
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
