import { queryOptions, useQueries } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { currentWorkspace } from "@/lib/workspace";

export type Run = Shape<"RunOut">;
export type Artifact = Shape<"ArtifactOut">;
export type MetricSeries = Shape<"MetricSeries">;

const POINTS = 1_000;
/** Running runs are heard of live; this is for networks that let no stream through. */
const UNHEARD_MS = 30_000;
export const PREVIEW_LIMIT = 200_000;

const run = (id: string) =>
  queryOptions({
    queryKey: ["tracking", "run", id],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
    retry: false,
    refetchInterval: (query) => (query.state.data?.status === "RUNNING" ? UNHEARD_MS : false),
  });

const metricSeries = (id: string, key: string, live: boolean) =>
  queryOptions({
    queryKey: ["tracking", "run", id, "metric", key],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/runs/{run_id}/metrics", {
          params: { path: { run_id: id }, query: { key, max_points: POINTS } },
          signal,
        }),
      ),
    staleTime: live ? 0 : 300_000,
    refetchInterval: live ? UNHEARD_MS : false,
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

/** The runs that could be read, in the order asked for, and those that could not with the reason. */
export function useRuns(ids: string[]) {
  return useQueries({
    queries: ids.map(run),
    combine: (all) => ({
      isPending: all.some((one) => one.isPending),
      runs: all.flatMap((one) => (one.data ? [one.data] : [])),
      refused: all.flatMap((one, index) =>
        one.error && !one.data ? [{ id: ids[index] ?? "", error: one.error }] : [],
      ),
    }),
  });
}

/** One metric's curve of each run; null for a run that never logged it. */
export function useCurves(runs: Run[], metric: string) {
  const having = runs.filter((one) => metric in one.metrics);
  return useQueries({
    queries: having.map((one) => metricSeries(one.id, metric, one.status === "RUNNING")),
    combine: (all) => ({
      isPending: all.some((one) => one.isPending),
      error: all.find((one) => one.error)?.error ?? null,
      curves: runs.map((one) => all[having.indexOf(one)]?.data ?? null),
    }),
  });
}

/** The curves of several metrics, by metric, as far as they are there. */
export function useManyCurves(runs: Run[], metrics: string[]) {
  const wanted = metrics.flatMap((metric) =>
    runs.filter((one) => metric in one.metrics).map((one) => ({ metric, one })),
  );
  return useQueries({
    queries: wanted.map(({ metric, one }) =>
      metricSeries(one.id, metric, one.status === "RUNNING"),
    ),
    combine: (all) =>
      wanted.map(({ metric, one }, index) => ({
        metric,
        run: one.id,
        values: all[index]?.data?.points.map((point) => point.value) ?? null,
      })),
  });
}

/** One folder of each run. */
export function useFolders(runs: Run[], path: string) {
  return useQueries({
    queries: runs.map((one) => artifacts(one.id, path)),
    combine: (all) => ({
      isPending: all.some((one) => one.isPending),
      error: all.find((one) => one.error)?.error ?? null,
      folders: all.map((one) => one.data ?? []),
    }),
  });
}
