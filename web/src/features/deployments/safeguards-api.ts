import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { number, percent } from "@/lib/format";

export type Safeguards = Shape<"SafeguardsOut">;
export type Safeguard = Shape<"Safeguard">;
export type Held = Shape<"HeldOut">;

const path = (deployment_id: string) => ({ params: { path: { deployment_id } } });

export const safeguards = (id: string) =>
  queryOptions({
    queryKey: ["deployments", id, "safeguards"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/safeguards", { ...path(id), signal }),
      ),
  });

export const held = (id: string, window: Held["window"]) =>
  queryOptions({
    queryKey: ["deployments", id, "safeguards", "held", window],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/safeguards/held", {
          params: { path: { deployment_id: id }, query: { window } },
          signal,
        }),
      ),
    refetchInterval: 5_000,
  });

export function usePutSafeguards(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: Shape<"SafeguardsPut">) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/safeguards", {
          ...path(id),
          body: wanted,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["deployments", id, "safeguards"] }),
  });
}

export const CHECKS = {
  range: "is outside a range",
  missing: "is missing or not finite",
  unknown: "is not among known values",
  confidence: "is less sure than",
} as const;

export const ACTIONS = {
  flag: "Answer, and tell the caller",
  default: "Answer with a default value",
  refuse: "Refuse the call with 422",
} as const;

/** When a safeguard holds, in words. */
export function holdsWhen(of: Safeguard): string {
  const what = of.column ?? "the answer";
  const low = of.minimum ?? null;
  const high = of.maximum ?? null;
  switch (of.check) {
    case "range":
      if (low !== null && high !== null)
        return `${what} is not from ${number(low)} to ${number(high)}`;
      return low !== null ? `${what} is below ${number(low)}` : `${what} is above ${number(high)}`;
    case "missing":
      return `${what} is missing or not finite`;
    case "unknown": {
      const known = of.allowed ?? [];
      return `${what} is not ${known.length > 4 ? `one of ${known.length} values` : known.join(" or ")}`;
    }
    default:
      return `the model is less than ${percent(low)} sure`;
  }
}
