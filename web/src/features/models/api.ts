import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Model = Shape<"ModelOut">;
export type Version = Shape<"VersionOut">;
export type Column = Shape<"ColumnOut">;
export type Deployment = Shape<"DeploymentOut">;
export type Check = Shape<"CheckOut">;

export const modelList = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["registry", "models", q],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/models", {
          params: {
            query: { limit: 50, ...(q ? { q } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

export const model = (id: string) =>
  queryOptions({
    queryKey: ["registry", "model", id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}", { params: { path: { model_id: id } }, signal }),
      ),
  });

export const versionList = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["registry", "model", id, "versions"],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions", {
          params: {
            path: { model_id: id },
            query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some(isBeingChecked)) ? 3_000 : false,
  });

export const version = (id: string, number: number) =>
  queryOptions({
    queryKey: ["registry", "model", id, "version", number],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions/{version}", {
          params: { path: { model_id: id, version: number } },
          signal,
        }),
      ),
    refetchInterval: (query) =>
      query.state.data && isBeingChecked(query.state.data) ? 3_000 : false,
  });

/** Which deployments serve which version: "staging/breast-cancer" and its id, by version. */
export const liveVersions = (id: string) =>
  queryOptions({
    queryKey: ["deployments", "of-model", id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments", {
          params: { query: { model_id: id, limit: 50 } },
          signal,
        }),
      ).items,
  });

export const versionFiles = (id: string, number: number) =>
  queryOptions({
    queryKey: ["registry", "model", id, "version", number, "files"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions/{version}/files", {
          params: { path: { model_id: id, version: number } },
          signal,
        }),
      ),
  });

/** Whether a check of the version has yet to finish. */
export function isBeingChecked(version: Version): boolean {
  return version.checks.some((check) => check.status === "pending" || check.status === "running");
}

export function useDescribeModel(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (description: string) =>
      body(
        await api.PATCH("/api/v1/models/{model_id}", {
          params: { path: { model_id: id } },
          body: { description },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["registry"] }),
  });
}

export function useDeleteModel(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      done(await api.DELETE("/api/v1/models/{model_id}", { params: { path: { model_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["registry", "models"] }),
  });
}

export function useSetAlias(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ alias, version }: { alias: string; version: number }) =>
      done(
        await api.PUT("/api/v1/models/{model_id}/aliases/{alias}", {
          params: { path: { model_id: id, alias } },
          body: { version },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["registry"] }),
  });
}

export function useRemoveAlias(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (alias: string) =>
      done(
        await api.DELETE("/api/v1/models/{model_id}/aliases/{alias}", {
          params: { path: { model_id: id, alias } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["registry"] }),
  });
}
