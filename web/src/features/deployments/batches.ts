import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Batch = Shape<"BatchOut">;

const OPEN = new Set(["waiting", "running"]);

/** Whether a batch still changes by itself. */
export const isOpen = (batch: Batch): boolean => OPEN.has(batch.status);

export const batchList = (deploymentId: string) =>
  queryOptions({
    queryKey: ["batches", deploymentId],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/batches", {
          params: { path: { deployment_id: deploymentId } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) => (state.data?.some(isOpen) ? 1000 : false),
  });

export interface FileToScore {
  file: File;
  version: number | null;
}

export function useScoreFile(deploymentId: string) {
  const refresh = useRefresh(deploymentId);
  return useMutation({
    mutationFn: async ({ file, version }: FileToScore) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/batches/file", {
          params: {
            path: { deployment_id: deploymentId },
            query: { file_name: file.name, ...(version ? { version } : {}) },
          },
          body: "",
          bodySerializer: () => file,
          headers: { "Content-Type": "application/octet-stream" },
        }),
      ),
    onSuccess: refresh,
  });
}

export function useScoreRunFile(deploymentId: string) {
  const refresh = useRefresh(deploymentId);
  return useMutation({
    mutationFn: async (request: Shape<"BatchFromRun">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/batches", {
          params: { path: { deployment_id: deploymentId } },
          body: request,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useCancelBatch(deploymentId: string) {
  const refresh = useRefresh(deploymentId);
  return useMutation({
    mutationFn: async (batchId: string) =>
      body(
        await api.POST("/api/v1/batches/{batch_id}/cancel", {
          params: { path: { batch_id: batchId } },
        }),
      ),
    onSettled: refresh,
  });
}

export function useRemoveBatch(deploymentId: string) {
  const refresh = useRefresh(deploymentId);
  return useMutation({
    mutationFn: async (batchId: string) =>
      done(
        await api.DELETE("/api/v1/batches/{batch_id}", {
          params: { path: { batch_id: batchId } },
        }),
      ),
    onSuccess: refresh,
  });
}

function useRefresh(deploymentId: string) {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["batches", deploymentId] });
}
