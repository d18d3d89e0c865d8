import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Import = Shape<"ImportOut">;

const WATCH_MS = 2_000;

/** The newest imports; asked for again while one is under way. */
export const imports = () =>
  queryOptions({
    queryKey: ["imports"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/imports", { signal })),
    refetchInterval: ({ state }) =>
      state.data?.some((one) => one.status === "running") ? WATCH_MS : false,
  });

const total = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** How many of an import's items are through, new and unchanged ones. */
export function progressOf(one: Import): { through: number; planned: number } {
  return { through: total(one.done) + total(one.unchanged), planned: total(one.planned) };
}
