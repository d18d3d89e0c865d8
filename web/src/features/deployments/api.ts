import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Deployment = Shape<"DeploymentOut">;
export type Revision = Shape<"RevisionOut">;
export type Key = Shape<"KeyOut">;
export type AutoConfig = Shape<"AutoConfigOut">;
export type ServingConfig = Shape<"ServingConfig">;
export type Glance = Shape<"FleetRow">;
export type Environment = Shape<"EnvironmentOut">;
export type Version = Shape<"VersionOut">;

const UNDER_WAY = new Set(["requested", "building", "verifying", "starting", "stopping"]);

/** Whether a status is one that will change by itself. */
export const isMoving = (status: string): boolean => UNDER_WAY.has(status);

export const environmentList = () =>
  queryOptions({
    queryKey: ["deployments", "environments"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/environments", { signal })),
    staleTime: 300_000,
  });

/** How every deployment does: calls of the last day, drift, owner. */
export const glances = () =>
  queryOptions({
    queryKey: ["deployments", "glances"],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/fleet", { params: { query: { range: "24h" } }, signal })).rows,
    refetchInterval: 15_000,
    retry: false,
  });

export const autoConfig = (modelId: string, version: number | null) =>
  queryOptions({
    queryKey: ["deployments", "auto-config", modelId, version],
    queryFn: async ({ signal }) =>
      body(
        await api.POST("/api/v1/serving/auto-config", {
          body: { model_id: modelId, version },
          signal,
        }),
      ),
    staleTime: 30_000,
    retry: false,
  });

/** Where a model is deployed already. */
export const deploymentsOfModel = (modelId: string) =>
  queryOptions({
    queryKey: ["deployments", "of-model", modelId],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments", {
          params: { query: { model_id: modelId, limit: 50 } },
          signal,
        }),
      ).items,
  });

export interface DeploymentFilter {
  environment: string | null;
}

export const deploymentList = ({ environment }: DeploymentFilter) =>
  infiniteQueryOptions({
    queryKey: ["deployments", "list", environment],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/deployments", {
          params: {
            query: {
              limit: 50,
              ...(environment ? { environment } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 10_000,
  });

export const deployment = (id: string) =>
  queryOptions({
    queryKey: ["deployments", "one", id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
    refetchInterval: (query) => {
      const data = query.state.data;
      return data && (isMoving(data.status) || isMoving(data.latest_revision.status))
        ? 1_000
        : data && (data.weights.length > 1 || data.standby_revision !== null)
          ? 2_000
          : 5_000;
    },
  });

/** What answered when; what answered at one instant when given. */
export const trafficHistory = (id: string, at: string | null) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "history", at],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/history", {
          params: { path: { deployment_id: id }, query: at ? { at } : {} },
          signal,
        }),
      ),
    refetchInterval: 10_000,
  });

/** How many processes serve a deployment, and how many may. */
export const scalingOf = (id: string) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "scaling"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/scaling", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
    refetchInterval: 5_000,
  });

/** How a shadow revision answered copies of calls. */
export const shadowReport = (id: string, revision: number) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "shadow", revision],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/shadow", {
          params: { path: { deployment_id: id }, query: { revision } },
          signal,
        }),
      ),
    refetchInterval: 5_000,
    retry: false,
  });

/** The deployment's model through the environments. */
export const deploymentTrack = (id: string) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "track"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/track", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
    refetchInterval: 5_000,
  });

export const revisionList = (id: string) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "revisions"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/revisions", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
    refetchInterval: 10_000,
  });

export const logs = (id: string, tail: number) =>
  queryOptions({
    queryKey: ["deployments", "one", id, "logs", tail],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/logs", {
          params: { path: { deployment_id: id }, query: { tail } },
          signal,
        }),
      ),
  });

/** The model that is served: its name and its newest version. */
export const servedModel = (modelId: string) =>
  queryOptions({
    queryKey: ["registry", "model", modelId],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}", {
          params: { path: { model_id: modelId } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });

/** The signature and example of the version that answers, for the console's form. */
export const servedVersion = (modelId: string, version: number) =>
  queryOptions({
    queryKey: ["registry", "model", modelId, "version", version],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/models/{model_id}/versions/{version}", {
          params: { path: { model_id: modelId, version } },
          signal,
        }),
      ),
  });

export const keyList = (id: string) =>
  queryOptions({
    queryKey: ["traffic", id, "keys"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/keys", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
  });

export const endpointApi = (id: string, revision: number | null) =>
  queryOptions({
    queryKey: ["traffic", id, "api", revision],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/api", {
          params: { path: { deployment_id: id } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });
