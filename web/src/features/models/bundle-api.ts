import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Origin = Shape<"OriginOut">;

/** The source of a version that came in a bundle begins so. */
export const BUNDLE = "bundle:";

/** Where the browser downloads a version as one signed file. */
export function bundleAddress(ws: string, model: string, version: number): string {
  return `/api/v1/models/${model}/versions/${version}/bundle?${new URLSearchParams({ workspace: ws })}`;
}

export const origin = (model_id: string, version: number) =>
  queryOptions({
    queryKey: ["registry", "model", model_id, "version", version, "origin"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions/{version}/origin", {
          params: { path: { model_id, version } },
          signal,
        }),
      ),
  });

export interface Arriving {
  file: File;
  name: string;
  key: string;
}

export function useImportBundle() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, name, key }: Arriving) =>
      body(
        await api.POST("/api/v1/bundles", {
          params: { query: { ...(name && { name }), ...(key && { key }) } },
          body: "",
          bodySerializer: () => file,
          headers: { "Content-Type": "application/zip" },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["registry"] }),
  });
}
