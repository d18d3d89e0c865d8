import { Button } from "@mantine/core";
import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { Refusal } from "@/api/refusal";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { Refused } from "@/ui/refused";
import { ServerTable } from "@/ui/server-table";
import { TableSkeleton } from "@/ui/skeletons";
import { baselineRun, runList } from "./api";
import { type ColumnName, isDataColumn } from "./columns";
import { pressed, sortIn } from "./order";
import { runColumns } from "./run-columns";
import { idsIn, ranged, toggled, whyNotCompared } from "./selection";
import type { RunTableView } from "./table-view";

interface Props {
  id: string;
  view: RunTableView;
  /** The filter of the table, and that of a group within. */
  filter: string;
  chosen: ColumnName[];
  onView: (view: RunTableView) => void;
}

const LONG_PAGES = 3;

/** Runs as rows: filtered, sorted and paged by the server, the baseline on top whatever the order. */
export function RunRows({ id, view, filter, chosen, onView }: Props) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const asked = useMemo(() => chosen.filter(isDataColumn).toSorted(), [chosen]);
  const listed = runList(id, { filter, orderBy: view.order, columns: asked });
  const query = useInfiniteQuery({ ...listed, placeholderData: keepPreviousData });
  const { data: base = null } = useQuery(baselineRun(id, view.base, asked));
  const runs = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const latest = useRef({ view, onView });
  latest.current = { view, onView };
  const open = useRef((_: string) => {});
  open.current = (run) => void navigate({ to: "/w/$ws/runs/$run", params: { ...here(), run } });
  const columns = useMemo(() => {
    const onOpen = (run: string) => open.current(run);
    const onPin = (run: string) => latest.current.onView({ ...latest.current.view, base: run });
    return runColumns(chosen, { run: base, id: view.base, onPin, onOpen });
  }, [chosen, base, view.base]);
  const names = useMemo(() => columns.map((column) => column.id), [columns]);
  const selected = useMemo(() => idsIn(view.selected), [view.selected]);
  const selectedSet = useMemo(() => new Set(selected), [selected]);
  const anchor = useRef<string | null>(null);
  const newest = cache.getQueryData<{ newest: string | null }>(["tracking", "live", id])?.newest;
  const hasNew =
    (query.data?.pages.length ?? 0) > LONG_PAGES &&
    Boolean(newest) &&
    filter === "" &&
    !runs.some((run) => run.id === newest);

  if (query.isPending) return <TableSkeleton />;
  if (query.error) {
    const isFilter = query.error instanceof Refusal && query.error.status < 500 && filter !== "";
    return isFilter ? null : <Refused error={query.error} onRetry={() => void query.refetch()} />;
  }
  if (runs.length === 0)
    return <NoRuns filtered={filter !== ""} onClear={() => onView({ ...view, filter: "" })} />;
  return (
    <>
      {hasNew && (
        <Button
          variant="subtle"
          size="xs"
          onClick={() => void cache.resetQueries({ queryKey: listed.queryKey })}
        >
          New runs are there. Show them
        </Button>
      )}
      <ServerTable
        key={filter}
        label="Runs"
        columns={columns}
        rows={runs}
        pinned={base}
        rowKey={(run) => run.id}
        rowName={(run) => run.name}
        total={query.data.pages[0]?.total}
        sort={sortIn(view.order, names)}
        onSort={(column) => onView({ ...view, order: pressed(view.order, column) })}
        selected={selectedSet}
        onSelect={(run, extend) => {
          const from = extend ? anchor.current : null;
          const shown = runs.map((one) => one.id);
          const next = from ? ranged(selected, shown, from, run) : toggled(selected, run);
          onView({ ...view, selected: next.join(",") });
          anchor.current = run;
        }}
        onOpen={(run) => open.current(run.id)}
        onCompare={() => {
          if (whyNotCompared(selected) === null)
            void navigate({
              to: "/w/$ws/compare",
              params: here(),
              search: {
                runs: selected.join(","),
                ...(selected.includes(view.base) ? { base: view.base } : {}),
              },
            });
        }}
        onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
        loadingMore={query.isFetching}
      />
    </>
  );
}

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
