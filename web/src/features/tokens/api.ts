import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Token = Shape<"TokenOut">;

export const tokens = () =>
  queryOptions({
    queryKey: ["identity", "tokens"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/tokens", { signal })),
  });

export function useCreateToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (input: Shape<"TokenCreate">) =>
      body(await api.POST("/api/v1/tokens", { body: input })),
    onSuccess: () => queries.invalidateQueries({ queryKey: tokens().queryKey }),
  });
}

export function useRevokeToken() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (token_id: string) =>
      done(await api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: tokens().queryKey }),
  });
}
