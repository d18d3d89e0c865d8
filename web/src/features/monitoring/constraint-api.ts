import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { number, percent } from "@/lib/format";

export type Constraints = Shape<"ConstraintsOut">;
export type Constraint = Shape<"ColumnConstraint">;
export type Violations = Shape<"ViolationsOut">;
export type Check = Shape<"CheckResult">;
export type ValueType = Shape<"ValueType">;

export const VALUE_TYPES: Record<ValueType, string> = {
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  text: "a text",
};

const path = (deployment_id: string) => ({ params: { path: { deployment_id } } });

export const constraints = (id: string) =>
  queryOptions({
    queryKey: ["monitoring", id, "constraints"],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/constraints", { ...path(id), signal }),
      ),
  });

export const violations = (id: string, window: Violations["window"]) =>
  queryOptions({
    queryKey: ["monitoring", id, "constraints", "violations", window],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/constraints/violations", {
          params: { path: { deployment_id: id }, query: { window } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });

export function useChangeConstraints(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (wanted: Shape<"ConstraintsPut">) =>
      body(
        await api.PUT("/api/v1/deployments/{deployment_id}/constraints", {
          ...path(id),
          body: wanted,
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["monitoring", id] }),
  });
}

/** What is asked of a column, in words. */
export function asks(of: Constraint): string {
  const said: string[] = [];
  if (of.type) said.push(VALUE_TYPES[of.type]);
  const low = of.minimum ?? null;
  const high = of.maximum ?? null;
  if (low !== null && high !== null) said.push(`from ${number(low)} to ${number(high)}`);
  else if (low !== null) said.push(`at least ${number(low)}`);
  else if (high !== null) said.push(`at most ${number(high)}`);
  if (of.allowed) {
    said.push(
      of.allowed.length > 4 ? `one of ${of.allowed.length} values` : of.allowed.join(" or "),
    );
  }
  if (of.max_length != null) said.push(`up to ${of.max_length} characters`);
  if (of.max_missing_share != null) {
    said.push(
      of.max_missing_share ? `up to ${percent(of.max_missing_share)} missing` : "never missing",
    );
  }
  return said.join(", ") || "nothing";
}
