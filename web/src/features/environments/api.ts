import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Environment = Shape<"EnvironmentOut">;
export type Patch = Shape<"EnvironmentPatch">;

export const environments = () =>
  queryOptions({
    queryKey: ["deployments", "environments"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/environments", { signal })),
  });

export type Price = NonNullable<Environment["price"]>;
export type Policy = Environment["policy"];
export type Driver = Shape<"DriverOut">;

export const drivers = () =>
  queryOptions({
    queryKey: ["deployments", "drivers"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/serving/drivers", { signal })),
  });

export const differences = (left: string, right: string) =>
  queryOptions({
    queryKey: ["deployments", "environments", "differences", left, right],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/environments/{environment}/differences", {
          params: { path: { environment: left }, query: { other: right } },
          signal,
        }),
      ),
  });

function useChange<Input>(change: (input: Input) => Promise<unknown>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => cache.invalidateQueries({ queryKey: ["deployments", "environments"] }),
  });
}

export const useAdd = () =>
  useChange(async (name: string) =>
    body(await api.POST("/api/v1/environments", { body: { name } })),
  );

export const usePatch = (environment: string) =>
  useChange(async (patch: Patch) =>
    body(
      await api.PATCH("/api/v1/environments/{environment}", {
        params: { path: { environment } },
        body: patch,
      }),
    ),
  );

export const useRemove = (environment: string) =>
  useChange(async () =>
    done(
      await api.DELETE("/api/v1/environments/{environment}", {
        params: { path: { environment } },
      }),
    ),
  );

export const useSetSecret = (environment: string) =>
  useChange(async ({ name, value }: { name: string; value: string }) =>
    done(
      await api.PUT("/api/v1/environments/{environment}/secrets/{secret_name}", {
        params: { path: { environment, secret_name: name } },
        body: { value },
      }),
    ),
  );

export const useRemoveSecret = (environment: string) =>
  useChange(async (name: string) =>
    done(
      await api.DELETE("/api/v1/environments/{environment}/secrets/{secret_name}", {
        params: { path: { environment, secret_name: name } },
      }),
    ),
  );
