import { MultiSelect, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLive } from "@/api/live";
import { LiveMark } from "@/ui/live-mark";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { columnList, runList } from "./api";
import { ColumnPicker } from "./column-picker";
import {
  type ColumnName,
  columnsNamed,
  columnsText,
  isDataColumn,
  isMetric,
  isOffered,
  keyOf,
  usualColumns,
} from "./columns";
import { CompareBar } from "./compare-bar";
import { FilterChips } from "./filter-chips";
import { NEWEST_FIRST, orderOf } from "./order";
import { RunFilter } from "./run-filter";
import { groupName, RunGroups } from "./run-groups";
import { RunRows } from "./run-rows";
import { SavedViews } from "./saved-views";
import { idsIn } from "./selection";
import type { RunTableView } from "./table-view";

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

const NEWEST = 50;
const MOST_LEVELS = 2;
const MOST_SPREADS = 5;

/** The run table of an experiment with everything that decides what it shows. */
export function ExperimentRuns({ id, view, onView }: Props) {
  const known = useQuery({ ...columnList(id, NEWEST), placeholderData: keepPreviousData });
  const chosen = useMemo(
    () => (view.cols ? columnsNamed(view.cols) : usualColumns(known.data?.columns ?? [])),
    [view.cols, known.data],
  );
  const metrics = chosen.filter(isDataColumn).filter(isMetric).map(keyOf);
  const live = useLive({ experiment: id, columns: metrics });
  const by = view.group.split(",").filter(Boolean).slice(0, MOST_LEVELS);
  const rows = (filter: string) => (
    <RunRows id={id} view={view} filter={filter} chosen={chosen} onView={onView} />
  );
  const isKnown = view.cols !== "" || known.data !== undefined || known.isError;
  return (
    <Panel flush>
      <div
        className="row wrap"
        style={{ padding: "var(--space-3) var(--space-4) 0", alignItems: "flex-start" }}
      >
        <Filter id={id} view={view} onView={onView} />
      </div>
      <div className="row wrap" style={{ padding: "var(--space-2) var(--space-4)" }}>
        <FilterChips
          id={id}
          filter={view.filter}
          onFilter={(f) => onView({ ...view, filter: f })}
        />
      </div>
      <div className="row wrap" style={{ padding: "0 var(--space-4) var(--space-3)" }}>
        <Order view={view} chosen={chosen} onView={onView} />
        <Grouping id={id} view={view} onView={onView} />
        <ColumnPicker
          id={id}
          chosen={chosen}
          onChoose={(cols) => onView({ ...view, cols: columnsText(cols) })}
        />
        <SavedViews id={id} view={view} onView={onView} />
        <CompareBar
          selected={idsIn(view.selected)}
          base={view.base}
          onClear={() => onView({ ...view, selected: "" })}
        />
        <LiveMark state={live} />
      </div>
      {!isKnown && <TableSkeleton />}
      {isKnown && by.length === 0 && rows(view.filter)}
      {isKnown && by.length > 0 && (
        <RunGroups
          key={view.group}
          id={id}
          by={by}
          filter={view.filter}
          metrics={metrics.slice(0, MOST_SPREADS)}
          runs={rows}
        />
      )}
    </Panel>
  );
}

/** The text filter; what the server said about it comes from a look at the first page. */
function Filter({ id, view, onView }: Props) {
  const { error } = useQuery({
    queryKey: ["tracking", "filter", id, view.filter],
    queryFn: async (context) => {
      const { queryFn } = runList(id, { filter: view.filter, orderBy: "", columns: [] });
      if (typeof queryFn !== "function") return null;
      await queryFn({ ...context, pageParam: null, direction: "forward" });
      return null;
    },
    enabled: view.filter !== "",
    retry: false,
  });
  return (
    <RunFilter
      filter={view.filter}
      onFilter={(filter) => onView({ ...view, filter })}
      error={view.filter ? error : null}
    />
  );
}

const ORDERS = [
  { value: NEWEST_FIRST, label: "Newest first" },
  { value: "attributes.start_time ASC", label: "Oldest first" },
  { value: "attributes.run_name ASC", label: "By name" },
];

function Order({ view, chosen, onView }: Omit<Props, "id"> & { chosen: ColumnName[] }) {
  const orders = [
    ...ORDERS,
    ...chosen.filter(isDataColumn).flatMap((column) => [
      { value: orderOf({ column, descending: true }), label: `${keyOf(column)}, largest first` },
      { value: orderOf({ column, descending: false }), label: `${keyOf(column)}, smallest first` },
    ]),
  ];
  const isListed = orders.some((one) => one.value === view.order);
  return (
    <Select
      aria-label="Order"
      w={190}
      data={isListed ? orders : [...orders, { value: view.order, label: view.order }]}
      value={view.order}
      onChange={(order) => order && onView({ ...view, order })}
    />
  );
}

function Grouping({ id, view, onView }: Props) {
  const { data } = useQuery(columnList(id, NEWEST));
  const by = view.group.split(",").filter(Boolean);
  const names = (data?.columns ?? [])
    .filter((one) => isOffered(one) && !isMetric(one.name) && !one.name.includes(","))
    .map((one) => one.name);
  const all = [...new Set(["status", "author", ...names, ...by])];
  return (
    <MultiSelect
      aria-label="Group by"
      placeholder={by.length === 0 ? "Group by" : ""}
      w={by.length === 0 ? 150 : 300}
      data={all.map((value) => ({ value, label: groupName(value) }))}
      value={by}
      onChange={(next) => onView({ ...view, group: next.join(",") })}
      maxValues={MOST_LEVELS}
      searchable
      limit={50}
    />
  );
}
