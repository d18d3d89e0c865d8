import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type SavedView = Shape<"RunViewOut">;

export const savedViews = (id: string) =>
  queryOptions({
    queryKey: ["tracking", "views", id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/experiments/{experiment_id}/views", {
          params: { path: { experiment_id: id } },
          signal,
        }),
      ),
  });

function useViewsChanged(id: string) {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ["tracking", "views", id] });
}

export function useSaveView(id: string) {
  const onSuccess = useViewsChanged(id);
  return useMutation({
    mutationFn: async (view: Shape<"RunViewCreate">) =>
      body(
        await api.POST("/api/v1/experiments/{experiment_id}/views", {
          params: { path: { experiment_id: id } },
          body: view,
        }),
      ),
    onSuccess,
  });
}

export function useChangeView(id: string) {
  const onSuccess = useViewsChanged(id);
  return useMutation({
    mutationFn: async ({ view, change }: { view: string; change: Shape<"RunViewPatch"> }) =>
      body(
        await api.PATCH("/api/v1/run-views/{view_id}", {
          params: { path: { view_id: view } },
          body: change,
        }),
      ),
    onSuccess,
  });
}

export function useDeleteView(id: string) {
  const onSuccess = useViewsChanged(id);
  return useMutation({
    mutationFn: async (view: string) =>
      done(
        await api.DELETE("/api/v1/run-views/{view_id}", { params: { path: { view_id: view } } }),
      ),
    onSuccess,
  });
}
