import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Dashboard = Shape<"DashboardOut">;
export type Panel = Shape<"Panel">;
export type Series = Shape<"SeriesOut">;
export type Window = Dashboard["window"];
export type Signal = Panel["signal"];
export type Draft = Pick<Dashboard, "name" | "window" | "panels">;

/** Panels are heard of live; this is for networks that let no stream through. */
const UNHEARD_MS = 60_000;

export const dashboards = () =>
  queryOptions({
    queryKey: ["dashboards"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/dashboards", { signal })),
  });

export const dashboard = (dashboard_id: string) =>
  queryOptions({
    queryKey: ["dashboards", dashboard_id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/dashboards/{dashboard_id}", {
          params: { path: { dashboard_id } },
          signal,
        }),
      ),
  });

/** What a panel asks of one of its deployments. */
export const series = (panel: Panel, deployment_id: string, otherwise: Window) => {
  const { signal: of, percentile, feature, metric } = panel;
  const window = panel.window ?? otherwise;
  const query = {
    signal: of,
    window,
    percentile,
    ...(feature ? { feature } : {}),
    ...(metric ? { metric } : {}),
  };
  return queryOptions({
    queryKey: ["monitoring", deployment_id, "series", query],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/series", {
          params: { path: { deployment_id }, query },
          signal,
        }),
      ),
    refetchInterval: UNHEARD_MS,
  });
};

/** Deployments that a panel can show. */
export const places = () =>
  queryOptions({
    queryKey: ["dashboards", "places"],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/fleet", { params: { query: { range: "1h" } }, signal })).rows,
    staleTime: 30_000,
  });

/** Columns whose drift is known. */
export const columns = (deployment_id: string) =>
  queryOptions({
    queryKey: ["monitoring", deployment_id, "columns"],
    queryFn: async ({ signal }) => {
      const found = await api.GET("/api/v1/deployments/{deployment_id}/drift", {
        params: { path: { deployment_id } },
        signal,
      });
      return body(found).features.map((one) => one.feature);
    },
    staleTime: 60_000,
  });

export function useCreate() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: Pick<Draft, "name" | "window">) =>
      body(await api.POST("/api/v1/dashboards", { body: { ...wanted, panels: [] } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["dashboards"], exact: true }),
  });
}

/** Shows a change at once and saves changes one after the other; what is refused is read again. */
export function useSave(id: string) {
  const cache = useQueryClient();
  const { queryKey } = dashboard(id);
  const mutationKey = ["dashboards", id, "save"];
  return useMutation({
    mutationKey,
    scope: { id: `dashboard-${id}` },
    mutationFn: async (changed: Partial<Draft>) => {
      const known = cache.getQueryData<Dashboard>(queryKey);
      if (!known) throw new Error("The dashboard is not loaded.");
      const { name, window, panels, version } = known;
      return body(
        await api.PUT("/api/v1/dashboards/{dashboard_id}", {
          params: { path: { dashboard_id: id } },
          body: { name, window, panels, version, ...changed },
        }),
      );
    },
    onMutate: (changed) => {
      cache.setQueryData<Dashboard>(queryKey, (old) => old && { ...old, ...changed });
    },
    onSuccess: (saved) => {
      const more = cache.isMutating({ mutationKey }) > 1;
      cache.setQueryData<Dashboard>(queryKey, (old) =>
        old && more ? { ...old, version: saved.version } : saved,
      );
      void cache.invalidateQueries({ queryKey: ["dashboards"], exact: true });
    },
    onError: () => cache.invalidateQueries({ queryKey }),
  });
}

export function useRemove() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (dashboard_id: string) =>
      done(
        await api.DELETE("/api/v1/dashboards/{dashboard_id}", {
          params: { path: { dashboard_id } },
        }),
      ),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["dashboards"], exact: true }),
  });
}
