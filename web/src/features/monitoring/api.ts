import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import type {
  Baseline,
  DriftWindow,
  FleetRange,
  Outcome,
  QualityRange,
  TrafficRange,
} from "./ranges";

export type Fleet = Shape<"FleetOut">;
export type FleetRow = Shape<"FleetRow">;
export type Traffic = Shape<"TrafficOut">;
export type Drift = Shape<"DriftOut">;
export type FeatureDrift = Shape<"FeatureDrift">;
export type Distribution = Shape<"DistributionOut">;
export type MovedRow = Shape<"MovedRow">;
export type Quality = Shape<"QualityOut">;
export type QualityPoint = Shape<"QualityPoint">;
export type Measure = Shape<"Measure">;
export type Prediction = Shape<"PredictionOut">;

const LIVE_MS = 5_000;
/** The fleet is heard of live; this is for networks that let no stream through. */
const UNHEARD_MS = 30_000;
const QUALITY_MS = 15_000;
const WAITING_MS = 5_000;

export const fleet = (range: FleetRange) =>
  queryOptions({
    queryKey: ["monitoring", "fleet", range],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/fleet", { params: { query: { range } }, signal })),
    refetchInterval: UNHEARD_MS,
  });

export const traffic = (id: string, range: TrafficRange) =>
  queryOptions({
    queryKey: ["monitoring", id, "traffic", range],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/traffic", {
          params: { path: { deployment_id: id }, query: { range } },
          signal,
        }),
      ),
    refetchInterval: LIVE_MS,
  });

export const drift = (id: string, window: DriftWindow, baseline: Baseline) =>
  queryOptions({
    queryKey: ["monitoring", id, "drift", window, baseline],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/drift", {
          params: { path: { deployment_id: id }, query: { window, baseline } },
          signal,
        }),
      ),
    refetchInterval: LIVE_MS,
  });

export const distribution = (
  id: string,
  feature: string,
  window: DriftWindow,
  baseline: Baseline,
) =>
  queryOptions({
    queryKey: ["monitoring", id, "distribution", feature, window, baseline],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/drift/distribution", {
          params: { path: { deployment_id: id }, query: { feature, window, baseline } },
          signal,
        }),
      ),
    refetchInterval: LIVE_MS,
    staleTime: LIVE_MS,
  });

export const movedRows = (id: string, feature: string, window: DriftWindow, baseline: Baseline) =>
  queryOptions({
    queryKey: ["monitoring", id, "moved-rows", feature, window, baseline],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/drift/rows", {
          params: { path: { deployment_id: id }, query: { feature, window, baseline } },
          signal,
        }),
      ),
    staleTime: LIVE_MS,
  });

/** `k`: how many places of a ranking count. */
export const quality = (id: string, range: QualityRange, k = 10) =>
  queryOptions({
    queryKey: ["monitoring", id, "quality", range, k],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/quality", {
          params: { path: { deployment_id: id }, query: { range, k } },
          signal,
        }),
      ),
    // Outcomes that wait are looked for among kept rows, which takes seconds.
    refetchInterval: ({ state }) => (state.data?.waiting ? WAITING_MS : QUALITY_MS),
  });

export const predictionList = (id: string, status: Outcome) =>
  infiniteQueryOptions({
    queryKey: ["monitoring", id, "predictions", status],
    initialPageParam: null as string | null,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/predictions", {
          params: {
            path: { deployment_id: id },
            query: { status, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: LIVE_MS,
  });
