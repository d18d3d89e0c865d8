import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { type AuditFilters, auditQuery } from "./filters";

export type AuditEvent = Shape<"AuditEventOut">;

const PAGE = 50;

/** The audit log, newest first, page by page. */
export const auditEvents = (filters: AuditFilters) =>
  infiniteQueryOptions({
    queryKey: ["audit", filters],
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/audit", {
          params: {
            query: {
              ...auditQuery(filters),
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

/** The people one can filter by. */
export const people = () =>
  queryOptions({
    queryKey: ["workspaces", "members"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/members", { signal })),
  });

/** Where the browser downloads what the filters show. */
export function exportAddress(ws: string, format: "csv" | "jsonl", filters: AuditFilters): string {
  const query = new URLSearchParams({ ...auditQuery(filters), format, workspace: ws });
  return `/api/v1/audit/export?${query}`;
}
