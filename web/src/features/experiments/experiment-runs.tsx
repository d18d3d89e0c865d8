import { Button, Select } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { useLive } from "@/api/live";
import { Refusal } from "@/api/refusal";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { LiveMark } from "@/ui/live-mark";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { ServerTable } from "@/ui/server-table";
import { TableSkeleton } from "@/ui/skeletons";
import { runList } from "./api";
import { ColumnPicker } from "./column-picker";
import { CompareBar } from "./compare-bar";
import { NEWEST_FIRST, orderOf, pressed, sortIn } from "./order";
import { runColumns } from "./run-columns";
import { columnsNamed, keyOf, usualColumns } from "./run-data";
import { RunFilter } from "./run-filter";
import { idsIn, ranged, toggled } from "./selection";

export interface RunTableView {
  filter: string;
  /** MLflow's order_by: "start_time DESC". */
  order: string;
  /** Chosen columns, comma separated; the usual ones when empty. */
  cols: string;
  /** Ids of the selected runs, comma separated. */
  selected: string;
}

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

/** The run table of an experiment: filtered, sorted and paged by the server. */
export function ExperimentRuns({ id, view, onView }: Props) {
  const navigate = useNavigate();
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
  const metrics = chosen.filter((name) => name.startsWith("metrics.")).map(keyOf);
  const live = useLive({ experiment: id, columns: metrics });
  const names = useMemo(() => columns.map((column) => column.id), [columns]);
  const selected = useMemo(() => idsIn(view.selected), [view.selected]);
  const selectedSet = useMemo(() => new Set(selected), [selected]);
  const anchor = useRef<string | null>(null);
  const select = (ids: string[]) => onView({ ...view, selected: ids.join(",") });
  const refusedFilter =
    query.error instanceof Refusal && query.error.status < 500 && view.filter !== "";

  const orders = [
    ...ORDERS,
    ...chosen.flatMap((column) => [
      { value: orderOf({ column, descending: true }), label: `${keyOf(column)}, largest first` },
      { value: orderOf({ column, descending: false }), label: `${keyOf(column)}, smallest first` },
    ]),
  ];
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
          data={
            orders.some((one) => one.value === view.order)
              ? orders
              : [...orders, { value: view.order, label: view.order }]
          }
          value={view.order}
          onChange={(order) => order && onView({ ...view, order })}
        />
        <ColumnPicker
          runs={runs}
          chosen={chosen}
          onChoose={(cols) => onView({ ...view, cols: cols.join(",") })}
        />
        <CompareBar selected={selected} onClear={() => select([])} />
        <LiveMark state={live} />
      </div>
      {query.error && !refusedFilter && (
        <Refused error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.isPending && <TableSkeleton />}
      {query.data && !query.error && runs.length === 0 && (
        <NoRuns filtered={view.filter !== ""} onClear={() => onView({ ...view, filter: "" })} />
      )}
      {runs.length > 0 && !query.error && (
        <ServerTable
          key={view.filter}
          label="Runs"
          columns={columns}
          rows={runs}
          rowKey={(run) => run.id}
          rowName={(run) => run.name}
          total={query.data?.pages[0]?.total}
          sort={sortIn(view.order, names)}
          onSort={(column) => onView({ ...view, order: pressed(view.order, column) })}
          selected={selectedSet}
          onSelect={(run, extend) => {
            const from = extend ? anchor.current : null;
            const shown = runs.map((one) => one.id);
            select(from ? ranged(selected, shown, from, run) : toggled(selected, run));
            anchor.current = run;
          }}
          onOpen={(run) =>
            void navigate({ to: "/w/$ws/runs/$run", params: { ...here(), run: run.id } })
          }
          onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
          loadingMore={query.isFetching}
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
