import { Button } from "@mantine/core";
import { IconActivity, IconFilterOff } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { here } from "@/lib/here";
import { Choice } from "@/ui/choice";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { LiveMark } from "@/ui/live-mark";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { fleet } from "./api";
import { Dropped } from "./dropped";
import { fleetColumns } from "./fleet-columns";
import { chosen, type FleetFilter, type FleetSearch, filterCount } from "./fleet-filter";
import { FleetFilterBar } from "./fleet-filter-bar";
import { useFleetLive } from "./fleet-live";
import { FleetViews } from "./fleet-views";
import { HealthBar } from "./health-bar";
import { FLEET_RANGES, type FleetRange } from "./ranges";

interface Props {
  search: FleetSearch;
  onSearch: (search: FleetSearch) => void;
  /** More to do, from other features. */
  extra?: ReactNode;
}

/** All deployments at once, the worst first. */
export function FleetPage({ search, onSearch, extra }: Props) {
  const { range = "24h", view, ...filter } = search;
  const live = useFleetLive(range);
  return (
    <>
      <PageHeader
        title="Monitoring"
        status={<LiveMark state={live} />}
        meta="Every deployment, the worst first."
        actions={
          <>
            {extra}
            <FleetViews search={search} onSearch={onSearch} />
            <Choice
              label="Range"
              value={range}
              options={FLEET_RANGES}
              onChange={(next) => onSearch({ ...search, range: next })}
            />
          </>
        }
      />
      <View loading={<TableSkeleton />}>
        <FleetTable
          range={range}
          filter={filter}
          onFilter={(next) => onSearch({ range, ...next, ...(view ? { view } : {}) })}
        />
      </View>
    </>
  );
}

interface TableProps {
  range: FleetRange;
  filter: FleetFilter;
  onFilter: (filter: FleetFilter) => void;
}

function FleetTable({ range, filter, onFilter }: TableProps) {
  const { data } = useSuspenseQuery(fleet(range));
  const rows = useMemo(() => chosen(data.rows, filter), [data.rows, filter]);
  if (data.rows.length === 0) {
    return (
      <Panel>
        <EmptyState
          icon={<IconActivity size={22} />}
          title="Nothing to watch yet"
          action={
            <LinkButton to="/w/$ws/models" params={here()}>
              Go to models
            </LinkButton>
          }
        >
          Deploy a model; its requests, latency, errors and drift appear here.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <div className="stack">
      <HealthBar fleet={data} />
      <Dropped of={data} />
      <FleetFilterBar rows={data.rows} shown={rows.length} filter={filter} onFilter={onFilter} />
      <Panel flush>
        {rows.length === 0 ? (
          <EmptyState
            icon={<IconFilterOff size={22} />}
            title={`No deployments match ${filterCount(filter) === 1 ? "the filter" : `${filterCount(filter)} filters`}`}
            action={
              <Button variant="default" onClick={() => onFilter({})}>
                Clear filters
              </Button>
            }
          >
            {`${data.rows.length} deployments are hidden.`}
          </EmptyState>
        ) : (
          <DataTable
            label="Fleet"
            columns={fleetColumns}
            rows={rows}
            rowKey={(row) => row.deployment_id}
            holdsOrder
          />
        )}
      </Panel>
    </div>
  );
}
