const HOUR_MS = 3_600_000;

export const RANGES = [
  { value: "24h", label: "Last 24 hours", ms: 24 * HOUR_MS },
  { value: "7d", label: "Last 7 days", ms: 7 * 24 * HOUR_MS },
  { value: "30d", label: "Last 30 days", ms: 30 * 24 * HOUR_MS },
  { value: "all", label: "All time", ms: null },
] as const;

export type Range = (typeof RANGES)[number]["value"];

/** What the address bar says about the view. */
export interface AuditFilters {
  q?: string;
  action?: string;
  actor?: string;
  range?: Range;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const isRange = (value: unknown): value is Range => RANGES.some((range) => range.value === value);

/** Keeps the search parameters that make sense and drops the others. */
export function auditFilters(search: Record<string, unknown>): AuditFilters {
  const [q, action, actor] = [text(search.q), text(search.action), text(search.actor)];
  return {
    ...(q ? { q } : {}),
    ...(action ? { action } : {}),
    ...(actor ? { actor } : {}),
    ...(isRange(search.range) ? { range: search.range } : {}),
  };
}

/** The filters as the API's query. The range becomes an instant when it is asked, to the minute so that pages agree. */
export function auditQuery(filters: AuditFilters, now = Date.now()) {
  const ms = RANGES.find((range) => range.value === filters.range)?.ms ?? null;
  const minute = Math.floor(now / 60_000) * 60_000;
  return {
    ...(filters.q ? { q: filters.q } : {}),
    ...(filters.action ? { action: filters.action } : {}),
    ...(filters.actor ? { actor_id: filters.actor } : {}),
    ...(ms === null ? {} : { since: new Date(minute - ms).toISOString() }),
  };
}
