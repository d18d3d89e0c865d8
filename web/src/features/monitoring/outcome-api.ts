import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import type { QualityRange } from "./ranges";

export type Slices = Shape<"SlicesOut">;
export type Slice = Shape<"SliceOut">;
export type Value = Shape<"ValueIn">;
export type Received = Shape<"OutcomesReceived">;

const path = (deployment_id: string) => ({ path: { deployment_id } });

export const slices = (id: string, range: QualityRange) =>
  queryOptions({
    queryKey: ["monitoring", id, "slices", range],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/quality/slices", {
          params: { ...path(id), query: { range } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });

export const sliceQuality = (id: string, range: QualityRange, condition: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "slice", range, condition],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/quality/slice", {
          params: { ...path(id), query: { range, condition } },
          signal,
        }),
      ),
    retry: false,
  });

/** What outcomes are worth; `null` while nobody said. */
export const value = (id: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "value"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/value", {
          params: { ...path(id), query: { or_none: true } },
          signal,
        }),
      ),
  });

export function useChangeValue(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: Value) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/value", {
          params: path(id),
          body: wanted,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}

export function useUploadOutcomes(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, within_seconds }: { file: File; within_seconds: number }) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/outcomes/file", {
          params: { ...path(id), query: { within_seconds } },
          body: "",
          bodySerializer: () => file,
          headers: { "Content-Type": "application/octet-stream" },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}

const REASONS: Record<keyof Received["reasons"], string> = {
  entity_unknown: "named by no prediction",
  prediction_later: "predicted only afterwards",
  prediction_too_old: "predicted too long before",
  same_moment: "predicted twice at the same moment",
};

/** Says why outcomes of entities found no prediction; empty when all did. */
export function reasonsOf(reasons: Partial<Received["reasons"]> | undefined): string {
  return Object.entries(reasons ?? {})
    .map(([reason, count]) => `${count} ${REASONS[reason] ?? reason}`)
    .join(", ");
}
