import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Sample = Shape<"SampleOut">;
export type Install = NonNullable<Sample["install"]>;

const POLL_MS = 1_000;

/** The facts of the home page; refetched while it is open. */
export const home = () =>
  queryOptions({
    queryKey: ["overview", "home"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/home", { signal })),
    refetchInterval: 10_000,
  });

/** The sample projects; polled while one is on its way in or out. */
export const samples = () =>
  queryOptions({
    queryKey: ["samples"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/samples", { signal })),
    refetchInterval: (query) =>
      query.state.data?.some((sample) => isMoving(sample.install)) ? POLL_MS : false,
  });

/** Whether an installation changes by itself right now. */
export function isMoving(install: Install | null): boolean {
  if (!install) return false;
  return (
    install.status === "installing" ||
    install.status === "removing" ||
    install.steps.some((step) => step.status === "running")
  );
}

/** Load, replay and remove one sample project. */
export function useSampleActions(key: string) {
  const queries = useQueryClient();
  const path = { params: { path: { key } } };
  const onSuccess = () => queries.invalidateQueries({ queryKey: samples().queryKey });
  const install = useMutation({
    mutationFn: async () => body(await api.POST("/api/v1/samples/{key}", path)),
    onSuccess,
  });
  const replay = useMutation({
    mutationFn: async (drift: boolean) =>
      body(await api.POST("/api/v1/samples/{key}/replay", { ...path, body: { drift, rows: 500 } })),
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: async () => done(await api.DELETE("/api/v1/samples/{key}", path)),
    onSuccess,
  });
  return { install, replay, remove };
}
