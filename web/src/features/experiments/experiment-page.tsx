import { Button, Select } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Refusal } from "@/api/refusal";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { experiment, runList } from "./api";
import { ColumnPicker } from "./column-picker";
import { NEWEST_FIRST } from "./order";
import { columnsIn, columnsNamed, runColumns, usualColumns } from "./run-columns";
import { RunFilter } from "./run-filter";

export interface RunTableView {
  filter: string;
  /** MLflow's order_by: "start_time DESC". */
  order: string;
  /** Chosen columns, comma separated; the usual ones when empty. */
  cols: string;
}

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

/** The runs of one experiment. */
export function ExperimentPage({ id, view, onView }: Props) {
  const { data } = useSuspenseQuery(experiment(id));
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/experiments" params={here()}>
            Experiments
          </Link>,
        ]}
        status={
          data.lifecycle_stage === "deleted" && <StatusBadge tone="idle">Deleted</StatusBadge>
        }
        meta={
          <>
            {plural(data.run_count, "run")}, last activity <Time at={data.last_activity_at} />
          </>
        }
      />
      <Runs id={id} view={view} onView={onView} />
    </>
  );
}

function Runs({ id, view, onView }: Props) {
  const query = useInfiniteQuery({
    ...runList(id, { filter: view.filter, orderBy: view.order }),
    placeholderData: keepPreviousData,
  });
  const runs = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const chosen = useMemo(
    () => (view.cols ? columnsNamed(view.cols) : usualColumns(runs)),
    [view.cols, runs],
  );
  const columns = useMemo(() => runColumns(chosen), [chosen]);
  const known = useMemo(() => [...new Set([...columnsIn(runs), ...chosen])], [runs, chosen]);
  const badFilter =
    query.error instanceof Refusal && query.error.status < 500 && view.filter !== "";
  return (
    <Panel flush>
      <div
        className="row wrap"
        style={{ padding: "var(--space-3) var(--space-4)", alignItems: "flex-start" }}
      >
        <RunFilter
          filter={view.filter}
          onFilter={(filter) => onView({ ...view, filter })}
          error={query.error}
        />
        <Select
          aria-label="Order"
          w={210}
          data={[...new Set([...ORDERS.map((one) => one.value), view.order])].map(labelled)}
          value={view.order}
          onChange={(order) => order && onView({ ...view, order })}
        />
        <ColumnPicker
          known={known}
          chosen={chosen}
          onChoose={(cols) => onView({ ...view, cols: cols.join(",") })}
        />
      </div>
      {query.error && !badFilter && (
        <Refused error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && <TableSkeleton />}
      {query.data && !query.error && runs.length === 0 && (
        <NoRuns filtered={view.filter !== ""} onClear={() => onView({ ...view, filter: "" })} />
      )}
      {runs.length > 0 && !query.error && (
        <DataTable
          label="Runs"
          columns={columns}
          rows={runs}
          rowKey={(run) => run.id}
          total={query.data?.pages[0]?.total}
          onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
          loadingMore={query.isFetchingNextPage}
        />
      )}
    </Panel>
  );
}

const ORDERS = [
  { value: NEWEST_FIRST, label: "Newest first" },
  { value: "attributes.start_time ASC", label: "Oldest first" },
  { value: "attributes.run_name ASC", label: "By name" },
];
const labelled = (value: string) => ({
  value,
  label: ORDERS.find((one) => one.value === value)?.label ?? value,
});

function NoRuns({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <EmptyState
        title="No runs match this filter"
        action={<Button onClick={onClear}>Clear filter</Button>}
      />
    );
  }
  return (
    <EmptyState title="No runs in this experiment yet">
      Call mlflow.set_experiment with its name and start a run.
    </EmptyState>
  );
}
