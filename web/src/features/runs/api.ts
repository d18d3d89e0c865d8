import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { currentWorkspace } from "@/lib/workspace";

export type Run = Shape<"RunOut">;
export type Dataset = Shape<"DatasetOut">;
export type Artifact = Shape<"ArtifactOut">;
export type MetricSeries = Shape<"MetricSeries">;
export type TablePage = Shape<"TablePageOut">;

export const PREVIEW_LIMIT = 20_000_000;
export const TEXT_BYTES = 262_144;
export const ROWS_PER_PAGE = 100;
/** Running runs are heard of live; this is for networks that let no stream through. */
const UNHEARD_MS = 30_000;

export const run = (id: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
    refetchInterval: (query) => (query.state.data?.status === "RUNNING" ? UNHEARD_MS : false),
  });

export const metricSeries = (id: string, key: string, isRunning: boolean) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "metric", key],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/metrics", {
          params: { path: { run_id: id }, query: { key, max_points: 1_000 } },
          signal,
        }),
      ),
    refetchInterval: isRunning ? UNHEARD_MS : false,
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

/** The text of an artifact, for the preview; only its beginning when it is long. */
export const artifactText = (id: string, path: string, isLong = false) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "artifact-text", path, isLong],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/artifacts/content", {
          params: { path: { run_id: id }, query: { path } },
          ...(isLong ? { headers: { Range: `bytes=0-${TEXT_BYTES - 1}` } } : {}),
          parseAs: "text",
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Some rows of a table file. */
export const artifactTable = (id: string, path: string, offset: number) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "artifact-table", path, offset],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/artifacts/table", {
          params: { path: { run_id: id }, query: { path, offset, limit: ROWS_PER_PAGE } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** An address that shows HTML or SVG in a sandbox; it is good for five minutes. */
export const artifactView = (id: string, path: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "artifact-view", path],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/artifacts/view", {
          params: { path: { run_id: id }, query: { path } },
          signal,
        }),
      ),
    staleTime: 240_000,
    gcTime: 0,
    refetchOnWindowFocus: false,
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
