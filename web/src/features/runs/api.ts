import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { currentWorkspace } from "@/lib/workspace";

export type Run = Shape<"RunOut">;
export type Dataset = Shape<"DatasetOut">;
export type Artifact = Shape<"ArtifactOut">;
export type MetricSeries = Shape<"MetricSeries">;

export const PREVIEW_LIMIT = 1_000_000;

export const run = (id: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
    refetchInterval: (query) => (query.state.data?.status === "RUNNING" ? 5_000 : false),
  });

export const metricSeries = (id: string, key: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "metric", key],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/metrics", {
          params: { path: { run_id: id }, query: { key, max_points: 1_000 } },
          signal,
        }),
      ),
  });

export const artifacts = (id: string, path: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "artifacts", path],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/artifacts", {
          params: { path: { run_id: id }, query: path ? { path } : {} },
          signal,
        }),
      ),
  });

/** The text of an artifact, for the preview. */
export const artifactText = (id: string, path: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "artifact-text", path],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/artifacts/content", {
          params: { path: { run_id: id }, query: { path } },
          parseAs: "text",
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The address of an artifact's bytes; a plain link sends no header, so it names the workspace itself. */
export function artifactAddress(id: string, path: string): string {
  const search = new URLSearchParams({ path, workspace: currentWorkspace() ?? "" });
  return `/api/v1/runs/${encodeURIComponent(id)}/artifacts/content?${search}`;
}

export function useDeleteRun() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) =>
      done(await api.DELETE("/api/v1/runs/{run_id}", { params: { path: { run_id: id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["tracking", "runs"] }),
  });
}
