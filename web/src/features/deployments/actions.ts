import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { revisionOf } from "./draft";

/** Everything a change of a deployment may show in: its pages, the fleet, the models' "live in". */
function useRefresh() {
  const cache = useQueryClient();
  return () =>
    Promise.all(
      ["deployments", "traffic", "monitoring", "registry", "overview"].map((capability) =>
        cache.invalidateQueries({ queryKey: [capability] }),
      ),
    );
}

export interface Rollout {
  deploymentId: string;
  revision: number;
}

interface RolloutRequest {
  /** The deployment that gets a new revision; a new deployment when `null`. */
  onto: string | null;
  request: Shape<"DeployRequest">;
  /** How the next revision gets its traffic; the environment's own way when left out. */
  strategy?: Shape<"Strategy"> | null;
}

/** Deploys a version: as a new deployment, or as the next revision of one that exists. */
export function useDeploy() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async ({ onto, request, strategy = null }: RolloutRequest): Promise<Rollout> => {
      if (!onto) {
        const made = body(await api.POST("/api/v1/serving/deploy", { body: request }));
        return { deploymentId: made.id, revision: made.latest_revision.number };
      }
      const next = body(
        await api.POST("/api/v1/deployments/{deployment_id}/revisions", {
          params: { path: { deployment_id: onto } },
          body: revisionOf(request, strategy),
        }),
      );
      return { deploymentId: onto, revision: next.number };
    },
    onSuccess: refresh,
  });
}

export function useRollBack(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (request: Shape<"RollbackRequest">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/rollback", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useSetTraffic(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (request: Shape<"TrafficSet">) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/traffic", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useSetScaling(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (request: Shape<"ScalingSet">) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/scaling", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useResetScaling(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async () =>
      body(
        await api.DELETE("/api/v1/deployments/{deployment_id}/scaling", {
          params: { path: { deployment_id: id } },
        }),
      ),
    onSuccess: refresh,
  });
}

export function usePromote(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (request: Shape<"PromoteRequest">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/promote", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: refresh,
  });
}

export function useStop(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async () =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/stop", {
          params: { path: { deployment_id: id } },
        }),
      ),
    onSuccess: refresh,
  });
}

export function useStart(id: string) {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async () =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/start", {
          params: { path: { deployment_id: id } },
        }),
      ),
    onSuccess: refresh,
  });
}

export function useDeleteDeployment(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async () =>
      done(
        await api.DELETE("/api/v1/deployments/{deployment_id}", {
          params: { path: { deployment_id: id } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["deployments", "list"] }),
  });
}

export function useCreateKey(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (request: Shape<"KeyCreate">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/keys", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["traffic", id, "keys"] }),
  });
}

export function useRotateKey(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ keyId, overlap_hours }: { keyId: string; overlap_hours: number }) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/keys/{key_id}/rotate", {
          params: { path: { deployment_id: id, key_id: keyId } },
          body: { overlap_hours },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["traffic", id, "keys"] }),
  });
}

export function useRevokeKey(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (keyId: string) =>
      done(
        await api.DELETE("/api/v1/deployments/{deployment_id}/keys/{key_id}", {
          params: { path: { deployment_id: id, key_id: keyId } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["traffic", id, "keys"] }),
  });
}

export function useTry(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (request: Shape<"TryRequest">) =>
      body(
        await api.POST("/api/v1/deployments/{deployment_id}/try", {
          params: { path: { deployment_id: id } },
          body: request,
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["monitoring", id, "predictions"] }),
  });
}
