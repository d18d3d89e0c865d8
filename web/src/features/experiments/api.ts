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

const RUNS_PER_PAGE = 100;

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
}

export const runList = (id: string, { filter, orderBy }: RunQuery) =>
  infiniteQueryOptions({
    queryKey: ["tracking", "runs", id, filter, orderBy],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}/runs", {
          params: {
            path: { experiment_id: id },
            query: {
              limit: RUNS_PER_PAGE,
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
