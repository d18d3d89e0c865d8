import { useQueryClient } from "@tanstack/react-query";
import { useStream } from "@/api/use-stream";
import { currentWorkspace } from "@/lib/workspace";
import { type Fleet, type FleetRow, fleet } from "./api";
import type { FleetRange } from "./ranges";

const EVENTS = ["fleet", "rows"] as const;
type Counts = Omit<Fleet, "range" | "rows">;
interface Said extends Counts {
  rows: FleetRow[];
  /** All deployments, the worst first; not there when `rows` are all rows. */
  order?: string[];
}

const isSaid = (data: unknown): data is Said =>
  typeof data === "object" && data !== null && "rows" in data;

/** Keeps the fleet in the cache as the server sees it. */
export function useFleetLive(range: FleetRange) {
  const cache = useQueryClient();
  const { queryKey } = fleet(range);
  const search = new URLSearchParams({ range, workspace: currentWorkspace() ?? "" });
  return useStream(`/api/v1/fleet/live?${search}`, EVENTS, (_, data) => {
    if (!isSaid(data)) return;
    const known = cache.getQueryData<Fleet>(queryKey);
    const next = merged(known, data, range);
    if (next) cache.setQueryData<Fleet>(queryKey, next);
    else void cache.invalidateQueries({ queryKey });
  });
}

/** Puts what was said over what is known; `null` when a row is missing. */
export function merged(known: Fleet | undefined, said: Said, range: FleetRange): Fleet | null {
  const { rows, order, ...counts } = said;
  if (!order) return { ...counts, range, rows };
  const byId = new Map((known?.rows ?? []).map((row) => [row.deployment_id, row]));
  for (const row of rows) byId.set(row.deployment_id, row);
  const all = order.map((id) => byId.get(id)).filter((row) => row !== undefined);
  return all.length === order.length ? { ...counts, range, rows: all } : null;
}
