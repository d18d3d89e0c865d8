import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Experiment = Shape<"ExperimentOut">;
export type RunSummary = Shape<"RunSummary">;
export type RunGroup = Shape<"RunGroupOut">;

const RUNS_PER_PAGE = 200;
const GROUPS_PER_PAGE = 50;

export const experimentList = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["tracking", "experiments", q],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/experiments", {
          params: {
            query: { limit: 50, ...(q ? { q } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

export const experiment = (id: string) =>
  queryOptions({
    queryKey: ["tracking", "experiment", id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}", {
          params: { path: { experiment_id: id } },
          signal,
        }),
      ),
  });

export interface RunQuery {
  filter: string;
  orderBy: string;
  /** The only metrics, parameters and tags that are asked for. */
  columns: readonly string[];
}

export const runList = (id: string, { filter, orderBy, columns }: RunQuery) =>
  infiniteQueryOptions({
    queryKey: ["tracking", "runs", id, filter, orderBy, columns],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}/runs", {
          params: {
            path: { experiment_id: id },
            query: {
              limit: RUNS_PER_PAGE,
              column: columns.length > 0 ? [...columns] : [""],
              ...(filter ? { filter } : {}),
              ...(orderBy ? { order_by: orderBy } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    retry: false,
    // A page takes milliseconds; all pages of a long list would be read again one by one.
    refetchOnWindowFocus: false,
  });

/** The baseline, wherever it stands in the order. */
export const baselineRun = (id: string, run: string, columns: readonly string[]) =>
  queryOptions({
    queryKey: ["tracking", "baseline", id, run, columns],
    queryFn: async ({ signal }) => {
      const page = body(
        await api.GET("/api/v1/experiments/{experiment_id}/runs", {
          params: {
            path: { experiment_id: id },
            query: {
              limit: 1,
              column: columns.length > 0 ? [...columns] : [""],
              filter: `attributes.run_id = '${run.replaceAll("'", "")}'`,
            },
          },
          signal,
        }),
      );
      return page.items[0] ?? null;
    },
    enabled: run !== "",
  });

/** What runs logged: of the newest ones at once, of all of them when somebody looks. */
export const columnList = (id: string, sample?: number) =>
  queryOptions({
    queryKey: ["tracking", "columns", id, sample ?? "all"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}/columns", {
          params: { path: { experiment_id: id }, query: sample ? { sample } : {} },
          signal,
        }),
      ),
    staleTime: 30_000,
  });

export const groupList = (id: string, by: string, filter: string, metrics: readonly string[]) =>
  infiniteQueryOptions({
    queryKey: ["tracking", "groups", id, by, filter, metrics],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}/groups", {
          params: {
            path: { experiment_id: id },
            query: {
              by,
              limit: GROUPS_PER_PAGE,
              metric: [...metrics],
              ...(filter ? { filter } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    retry: false,
  });

export function useCreateExperiment() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) =>
      body(await api.POST("/api/v1/experiments", { body: { name } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["tracking"] }),
  });
}

export function useDeleteExperiment() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) =>
      done(
        await api.DELETE("/api/v1/experiments/{experiment_id}", {
          params: { path: { experiment_id: id } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["tracking", "experiments"] }),
  });
}
