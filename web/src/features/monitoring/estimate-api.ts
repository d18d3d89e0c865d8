import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import type { QualityRange } from "./ranges";

export type Estimate = Shape<"EstimateOut">;
export type Reference = Shape<"ReferenceOut">;
/** Why there is no estimate: a fact about the deployment, not a failure of the page. */
export type NoEstimate = Shape<"NoEstimate">;

const path = (deployment_id: string) => ({ path: { deployment_id } });

export const estimate = (id: string, range: QualityRange) =>
  queryOptions({
    queryKey: ["monitoring", id, "estimate", range],
    queryFn: async ({ signal }): Promise<Estimate | NoEstimate> =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/quality/estimate", {
          params: { ...path(id), query: { range, or_reason: true } },
          signal,
        }),
      ),
    staleTime: 60_000,
    retry: false,
  });

/** The uploaded reference; `null` while there is none. */
export const reference = (id: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "reference"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/reference", {
          params: { ...path(id), query: { or_none: true } },
          signal,
        }),
      ),
  });

export function useUploadReference(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, isBaseline }: { file: File; isBaseline: boolean }) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/reference", {
          params: {
            ...path(id),
            query: { name: file.name.slice(0, 200), is_baseline: isBaseline },
          },
          body: "",
          bodySerializer: () => file,
          headers: { "Content-Type": "application/octet-stream" },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}

export function useRemoveReference(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      body(await api.DELETE("/api/v1/deployments/{deployment_id}/reference", { params: path(id) })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}

export function isEstimate(found: Estimate | NoEstimate | undefined): found is Estimate {
  return found !== undefined && "points" in found;
}
