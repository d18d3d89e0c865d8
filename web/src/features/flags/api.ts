import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Flag = Shape<"FlagOut">;
export type Report = Shape<"QuickDeployReport">;

export const flagList = () =>
  queryOptions({
    queryKey: ["flags", "report"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/flags/report", { signal })),
  });

/** How much quick deploy is used, and how well it does. */
export const adoption = () =>
  queryOptions({
    queryKey: ["flags", "adoption"],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/serving/auto-config/report", { signal })),
  });

function useChange<Input>(change: (input: Input) => Promise<unknown>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["flags"] }),
  });
}

export const useDecide = (key: string) =>
  useChange(async (is_on: boolean | null) =>
    body(
      await api.PUT("/api/v1/flags/{flag_key}/organisation", {
        params: { path: { flag_key: key } },
        body: { is_on },
      }),
    ),
  );

export const useForget = (key: string) =>
  useChange(async (user_id: string) =>
    body(
      await api.PUT("/api/v1/flags/{flag_key}/people/{user_id}", {
        params: { path: { flag_key: key, user_id } },
        body: { is_on: null },
      }),
    ),
  );

export const useRule = (key: string) =>
  useChange(async (rule: Shape<"FlagRuleSet">) =>
    body(
      await api.PUT("/api/v1/flags/{flag_key}", {
        params: { path: { flag_key: key } },
        body: rule,
      }),
    ),
  );
