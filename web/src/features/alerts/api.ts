import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";
import { download } from "@/lib/download";

export type AlertRow = Shape<"AlertRow">;
export type Alert = Shape<"AlertOut">;
export type Signal = Shape<"SignalOut">;
export type Resolution = Shape<"Resolve">["resolution"];
export type Shift = Shape<"ShiftPreview">;
export type ShiftSide = Shape<"ShiftSide">;
export type Tab = "open" | "snoozed" | "resolved";
export const TABS = ["open", "snoozed", "resolved"] as const satisfies readonly Tab[];

const LIVE_MS = 5_000;

export const inbox = (tab: Tab) =>
  infiniteQueryOptions({
    queryKey: ["alerts", "inbox", tab],
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/alerts", {
          params: { query: { tab, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: LIVE_MS,
  });

export const alert = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/alerts/{alert_id}", { params: { path: { alert_id } }, signal })),
    refetchInterval: LIVE_MS,
  });

export const alertCounts = () =>
  queryOptions({
    queryKey: ["alerts", "counts"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/alert-counts", { signal })),
    refetchInterval: 15_000,
  });

export const alertChanges = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "changes"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/changes", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
  });

export const alertSignal = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "signal"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/signal", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
    refetchInterval: 30_000,
  });

export const alertFeatures = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "features"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/features", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
  });

export const alertSlices = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "slices"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/slices", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });

export const alertShift = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "shift"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/shift", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
    refetchInterval: LIVE_MS,
  });

export const alertExamples = (alert_id: string) =>
  queryOptions({
    queryKey: ["alerts", alert_id, "examples"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alerts/{alert_id}/examples", {
          params: { path: { alert_id } },
          signal,
        }),
      ),
  });

export const people = () =>
  queryOptions({
    queryKey: ["workspaces", "members"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/members", { signal })),
  });

function useAct<Input>(act: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["alerts"] }),
        queries.invalidateQueries({ queryKey: ["overview"] }),
      ]),
  });
}

const at = (alert_id: string) => ({ params: { path: { alert_id } } });

export const useAcknowledge = () =>
  useAct(async (id: string) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/acknowledge", at(id))),
  );

export const useAssign = () =>
  useAct(async ({ id, user_id }: { id: string; user_id: string | null }) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/assign", { ...at(id), body: { user_id } })),
  );

export const useSnooze = () =>
  useAct(async ({ id, minutes }: { id: string; minutes: number }) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/snooze", { ...at(id), body: { minutes } })),
  );

export const useWake = () =>
  useAct(async (id: string) => body(await api.DELETE("/api/v1/alerts/{alert_id}/snooze", at(id))));

export const useResolve = () =>
  useAct(async ({ id, ...how }: { id: string } & Shape<"Resolve">) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/resolve", { ...at(id), body: how })),
  );

export const useRemark = () =>
  useAct(async ({ id, text }: { id: string; text: string }) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/comments", { ...at(id), body: { text } })),
  );

export const useRollBackFrom = () =>
  useAct(async ({ id, ...how }: { id: string } & Shape<"RollBack">) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/roll-back", { ...at(id), body: how })),
  );

export const useShiftFrom = () =>
  useAct(async ({ id, ...how }: { id: string } & Shape<"Shift">) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/shift", { ...at(id), body: how })),
  );

export const useMuteFeature = () =>
  useAct(async ({ id, feature }: { id: string; feature: string }) =>
    body(await api.POST("/api/v1/alerts/{alert_id}/mute", { ...at(id), body: { feature } })),
  );

/** Fetches the table of the alert's time and hands it to the browser as a file. */
export const useExportWindow = () =>
  useAct(async (id: string) => {
    const answer = await api.POST("/api/v1/alerts/{alert_id}/export", {
      ...at(id),
      parseAs: "blob",
    });
    done(answer);
    download("retraining-window.csv", answer.data ?? "", "text/csv");
  });
