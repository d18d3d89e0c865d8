import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Rule = Shape<"RuleOut">;
export type Condition = Rule["condition"];
export type Preview = Shape<"PreviewOut">;
export type Silence = Shape<"SilenceOut">;
export type Policy = Shape<"PolicyValues">;

export const rules = () =>
  queryOptions({
    queryKey: ["alerts", "rules"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/alert-rules", { signal })),
    refetchInterval: 15_000,
  });

/** The rules of one deployment. */
export const rulesOf = (deployment_id: string) =>
  queryOptions({
    queryKey: ["alerts", "rules", "of", deployment_id],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/alert-rules", { params: { query: { deployment_id } }, signal })),
    refetchInterval: 15_000,
  });

export const rule = (rule_id: string) =>
  queryOptions({
    queryKey: ["alerts", "rules", rule_id],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alert-rules/{rule_id}", { params: { path: { rule_id } }, signal }),
      ),
  });

export const ruleHistory = (rule_id: string) =>
  queryOptions({
    queryKey: ["alerts", "rules", rule_id, "history"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/alert-rules/{rule_id}/history", {
          params: { path: { rule_id } },
          signal,
        }),
      ),
  });

export const preview = (draft: Shape<"PreviewIn">) =>
  queryOptions({
    queryKey: ["alerts", "preview", draft],
    queryFn: async ({ signal }) =>
      body(await api.POST("/api/v1/alert-rules/preview", { body: draft, signal })),
    staleTime: 60_000,
  });

export const silences = () =>
  queryOptions({
    queryKey: ["alerts", "silences"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/silences", { signal })),
  });

export const policy = () =>
  queryOptions({
    queryKey: ["alerts", "policy"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/alert-policy", { signal })),
  });

export const places = () =>
  queryOptions({
    queryKey: ["deployments", "places"],
    queryFn: async ({ signal }) =>
      body(await api.GET("/api/v1/deployments", { params: { query: { limit: 200 } }, signal }))
        .items,
  });

export const channelNames = () =>
  queryOptions({
    queryKey: ["channels"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/channels", { signal })),
  });

function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
}

export const useCreateRule = () =>
  useChange(async (wanted: Shape<"RuleCreate">) =>
    body(await api.POST("/api/v1/alert-rules", { body: wanted })),
  );

export const useChangeRule = () =>
  useChange(async ({ id, ...wanted }: { id: string } & Shape<"RulePatch">) =>
    body(
      await api.PATCH("/api/v1/alert-rules/{rule_id}", {
        params: { path: { rule_id: id } },
        body: wanted,
      }),
    ),
  );

export const useRemoveRule = () =>
  useChange(async (rule_id: string) =>
    done(await api.DELETE("/api/v1/alert-rules/{rule_id}", { params: { path: { rule_id } } })),
  );

export const useSilence = () =>
  useChange(async (wanted: Shape<"SilenceCreate">) =>
    body(await api.POST("/api/v1/silences", { body: wanted })),
  );

export const useEndSilence = () =>
  useChange(async (silence_id: string) =>
    done(await api.DELETE("/api/v1/silences/{silence_id}", { params: { path: { silence_id } } })),
  );

export const useSetPolicy = () =>
  useChange(async (wanted: Policy) =>
    body(await api.PUT("/api/v1/alert-policy", { body: wanted })),
  );
