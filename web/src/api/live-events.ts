import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Shape } from "./types";

type Metric = Shape<"MetricOut">;
type Series = Shape<"MetricSeries">;
type Run = Shape<"RunOut">;
type Row = Shape<"RunSummary">;
interface RunPage {
  items: Row[];
  next_cursor: string | null;
  total: number | null;
}

interface LiveData {
  run: Pick<Run, "id" | "experiment_id" | "name" | "status" | "ended_at"> & { metrics: Metric[] };
  points: { run_id: string; key: string; total: number; points: Series["points"] };
  experiment: { experiment_id: string; newest: string | null; open: string[] };
  reset: Record<string, never>;
}

export const LIVE_EVENTS = ["run", "points", "experiment", "reset"] as const;
const LONGEST_CURVE = 4_000;
const FEW_PAGES = 3;

export const isLiveEvent = (name: string, _data: unknown): _data is LiveData[keyof LiveData] =>
  LIVE_EVENTS.some((one) => one === name);

const isOf = <Name extends keyof LiveData>(
  wanted: Name,
  name: string,
  _data: unknown,
): _data is LiveData[Name] => name === wanted;

/** Writes what the stream says into the cache; what it cannot complete is read again. */
export function applyLive(cache: QueryClient, name: string, data: unknown): void {
  if (isOf("run", name, data)) applyRun(cache, data);
  else if (isOf("points", name, data)) applyPoints(cache, data);
  else if (isOf("experiment", name, data)) applyExperiment(cache, data);
  else if (name === "reset") void cache.invalidateQueries({ queryKey: ["tracking"] });
}

function applyPoints(cache: QueryClient, { run_id, key, total, points }: LiveData["points"]): void {
  const queryKey = ["tracking", "run", run_id, "metric", key];
  const known = cache.getQueryData<Series>(queryKey);
  if (!known || known.total_points === total) return;
  const fits = known.total_points + points.length === total;
  if (!fits || known.points.length + points.length > LONGEST_CURVE) {
    void cache.invalidateQueries({ queryKey });
    return;
  }
  cache.setQueryData<Series>(queryKey, {
    ...known,
    total_points: total,
    points: [...known.points, ...points],
  });
}

function applyRun(cache: QueryClient, said: LiveData["run"]): void {
  const { metrics, ...state } = said;
  const values = Object.fromEntries(metrics.map((one) => [one.key, one.value]));
  const facts = {
    name: state.name,
    status: state.status,
    ended_at: state.ended_at,
  };
  const queryKey = ["tracking", "run", said.id];
  const before = cache.getQueryData<Run>(queryKey)?.status;
  if (before === "RUNNING" && before !== said.status) void cache.invalidateQueries({ queryKey });
  cache.setQueryData<Run>(queryKey, (old) => {
    if (!old) return old;
    const latest = new Map(old.latest_metrics.map((one) => [one.key, one]));
    for (const one of metrics) latest.set(one.key, one);
    return {
      ...old,
      ...facts,
      metrics: { ...old.metrics, ...values },
      latest_metrics: [...latest.values()].toSorted((a, b) => a.key.localeCompare(b.key)),
    };
  });
  const lists = { queryKey: ["tracking", "runs", said.experiment_id] };
  cache.setQueriesData<InfiniteData<RunPage>>(lists, (old) =>
    old ? withRow(old, said.id, (row) => ({ ...row, ...facts, ...merged(row, values) })) : old,
  );
}

/** A row holds only the metrics of the shown columns, and those are the ones that are followed. */
const merged = (row: Row, values: Row["metrics"]): Pick<Row, "metrics"> => ({
  metrics: { ...row.metrics, ...values },
});

/** Replaces one row and leaves all others as they are, so that only this one is drawn again. */
function withRow(
  old: InfiniteData<RunPage>,
  id: string,
  change: (row: Row) => Row,
): InfiniteData<RunPage> {
  const place = old.pages.findIndex((page) => page.items.some((row) => row.id === id));
  const page = old.pages[place];
  if (!page) return old;
  const items = page.items.map((row) => (row.id === id ? change(row) : row));
  return { ...old, pages: old.pages.with(place, { ...page, items }) };
}

/** Rows that came or ended since the list was read: a short list is read again, a long one is marked. */
function applyExperiment(cache: QueryClient, said: LiveData["experiment"]): void {
  const open = new Set(said.open);
  let changed = false;
  const lists = { queryKey: ["tracking", "runs", said.experiment_id] };
  for (const [queryKey, list] of cache.getQueriesData<InfiniteData<RunPage>>(lists)) {
    if (!list) continue;
    const rows = list.pages.flatMap((page) => page.items);
    const ids = new Set(rows.map((row) => row.id));
    const ended = rows.some((row) => row.status === "RUNNING" && !open.has(row.id));
    const came = said.newest !== null && !ids.has(said.newest);
    const unknown = said.open.some((id) => !ids.has(id));
    if (!ended && !came && !unknown) continue;
    changed = true;
    if (list.pages.length <= FEW_PAGES) void cache.invalidateQueries({ queryKey, exact: true });
  }
  cache.setQueryData(["tracking", "live", said.experiment_id], said);
  if (changed)
    void cache.invalidateQueries({ queryKey: ["tracking", "experiment", said.experiment_id] });
}
