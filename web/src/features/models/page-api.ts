import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Card = Shape<"CardOut">;
export type VersionDiff = Shape<"VersionDiffOut">;
export type Lineage = Shape<"LineageOut">;
export type LineageNode = Shape<"LineageNodeOut">;

export const card = (id: string) =>
  queryOptions({
    queryKey: ["registry", "model", id, "card"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/card", {
          params: { path: { model_id: id } },
          signal,
        }),
      ),
  });

export const versionDiff = (id: string, a: number, b: number) =>
  queryOptions({
    queryKey: ["registry", "model", id, "diff", a, b],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/diff", {
          params: { path: { model_id: id }, query: { a, b } },
          signal,
        }),
      ),
  });

export const lineage = (id: string, version: number) =>
  queryOptions({
    queryKey: ["registry", "model", id, "version", version, "lineage"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions/{version}/lineage", {
          params: { path: { model_id: id, version } },
          signal,
        }),
      ),
  });

/** The people who can own a model. */
export const members = () =>
  queryOptions({
    queryKey: ["workspaces", "members"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/members", { signal })),
  });

function useRefresh() {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["registry"] });
}

export function useWriteCard(id: string) {
  return useMutation({
    mutationFn: async (text: string) =>
      body(
        await api.PUT("/api/v1/models/{model_id}/card", {
          params: { path: { model_id: id } },
          body: { text },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export interface Facts {
  licence: string;
  task: string;
  owner_id: string | null;
}

export function useSetFacts(id: string) {
  return useMutation({
    mutationFn: async (facts: Facts) =>
      body(
        await api.PATCH("/api/v1/models/{model_id}", {
          params: { path: { model_id: id } },
          body: facts,
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export function useSetTag(id: string) {
  return useMutation({
    mutationFn: async ({ key, value }: { key: string; value: string }) =>
      done(
        await api.PUT("/api/v1/models/{model_id}/tags/{key}", {
          params: { path: { model_id: id, key } },
          body: { value },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export function useRemoveTag(id: string) {
  return useMutation({
    mutationFn: async (key: string) =>
      done(
        await api.DELETE("/api/v1/models/{model_id}/tags/{key}", {
          params: { path: { model_id: id, key } },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

/** Protects an alias on every model of the workspace, or frees it. */
export function useProtect() {
  return useMutation({
    mutationFn: async ({ alias, isProtected }: { alias: string; isProtected: boolean }) => {
      const params = { params: { path: { protected_alias: alias } } };
      done(
        isProtected
          ? await api.PUT("/api/v1/protected-aliases/{protected_alias}", params)
          : await api.DELETE("/api/v1/protected-aliases/{protected_alias}", params),
      );
    },
    onSuccess: useRefresh(),
  });
}

interface Numbered {
  model_id: string;
  version: number;
}

/** Lets a suspicious version be served. */
export function useReleaseScan({ model_id, version }: Numbered) {
  return useMutation({
    mutationFn: async (reason: string) =>
      body(
        await api.POST("/api/v1/models/{model_id}/versions/{version}/scan/release", {
          params: { path: { model_id, version } },
          body: { reason },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export function useWithdrawRelease({ model_id, version }: Numbered) {
  return useMutation({
    mutationFn: async () =>
      done(
        await api.DELETE("/api/v1/models/{model_id}/versions/{version}/scan/release", {
          params: { path: { model_id, version } },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export type BinItem = Shape<"BinItemOut">;

export const bin = () =>
  queryOptions({
    queryKey: ["registry", "bin"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/bin", { signal })),
  });

export function useRestore() {
  return useMutation({
    mutationFn: async (id: string) =>
      body(
        await api.POST("/api/v1/bin/{bin_item_id}/restore", {
          params: { path: { bin_item_id: id } },
        }),
      ),
    onSuccess: useRefresh(),
  });
}

export function usePurge() {
  return useMutation({
    mutationFn: async (id: string) =>
      done(
        await api.DELETE("/api/v1/bin/{bin_item_id}", { params: { path: { bin_item_id: id } } }),
      ),
    onSuccess: useRefresh(),
  });
}
