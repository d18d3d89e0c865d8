import type { Refusal } from "@/api/refusal";

export interface Span {
  start: number;
  end: number;
}

/** Where in the filter the server's refusal points; null when it does not say. */
export function mistakeIn(filter: string, refusal: Refusal): Span | null {
  const { start, end } = refusal.extra;
  if (typeof start !== "number" || typeof end !== "number") return null;
  return start <= end && end <= filter.length ? { start, end } : null;
}
