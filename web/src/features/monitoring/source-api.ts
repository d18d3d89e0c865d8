import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Source = Shape<"OutcomeSourceOut">;
export type SourcePut = Shape<"OutcomeSourcePut">;
export type Place = SourcePut["place"];
export type Pull = Shape<"PullOut">;
export type Columns = Shape<"OutcomeColumns">;

const WHILE_PULLING_MS = 1_000;
const OTHERWISE_MS = 30_000;
const path = (deployment_id: string) => ({ path: { deployment_id } });

/** Where outcomes are pulled from; `null` while nobody connected anything. */
export const source = (id: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "source"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/outcome-source", {
          params: { ...path(id), query: { or_none: true } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) =>
      state.data?.is_pulling ? WHILE_PULLING_MS : state.data ? OTHERWISE_MS : false,
  });

export function useLook(id: string) {
  return useMutation({
    mutationFn: async (place: Place) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/outcome-source/columns", {
          params: path(id),
          body: { place },
        }),
      ),
  });
}

export function useConnect(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: SourcePut) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/outcome-source", {
          params: path(id),
          body: wanted,
        }),
      ),
    onSuccess: (now) => client.setQueryData(source(id).queryKey, now),
  });
}

export function usePull(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (from_start: boolean) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/outcome-source/pulls", {
          params: path(id),
          body: { from_start },
        }),
      ),
    onSuccess: (now) => client.setQueryData(source(id).queryKey, now),
  });
}

export function useDisconnect(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      body(
        await api.DELETE("/api/v1/deployments/{deployment_id}/outcome-source", {
          params: path(id),
        }),
      ),
    onSuccess: () => client.setQueryData(source(id).queryKey, null),
  });
}
