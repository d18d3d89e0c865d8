import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Capture = Shape<"CaptureOut">;
export type Keep = Shape<"Keep">;
export type CapturePut = Shape<"CapturePut">;

export const KEEPS: readonly Keep[] = ["store", "hash", "count_only", "drop"];
export const KEEP_NAMES: Record<Keep, string> = {
  store: "Store",
  hash: "Store as hash",
  count_only: "Count only",
  drop: "Drop",
};

const path = (deployment_id: string) => ({ params: { path: { deployment_id } } });

export const capture = (id: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "capture"],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/deployments/{deployment_id}/capture", { ...path(id), signal })),
  });

export function useChangeCapture(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: CapturePut) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/capture", { ...path(id), body: wanted }),
      ),
    onSuccess: (changed) => client.setQueryData(capture(id).queryKey, changed),
  });
}

export function useErase(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (whom: Shape<"ErasureIn">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/capture/erase", {
          ...path(id),
          body: whom,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}
