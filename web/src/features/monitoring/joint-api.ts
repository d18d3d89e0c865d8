import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import type { DriftWindow } from "./ranges";

export type JointDrift = Shape<"JointDriftOut">;
export type JointPair = Shape<"JointPair">;
export type JointDistance = Shape<"JointDistance">;

const REFRESH_MS = 30_000;

export const jointDrift = (id: string, window: DriftWindow) =>
  queryOptions({
    queryKey: ["monitoring", id, "joint-drift", window],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/drift/joint", {
          params: { path: { deployment_id: id }, query: { window } },
          signal,
        }),
      ),
    refetchInterval: REFRESH_MS,
  });
