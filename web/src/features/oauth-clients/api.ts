import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { useChange } from "@/api/change";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type OAuthClient = Shape<"OAuthClientOut">;
export type MadeClient = Shape<"OAuthClientCreated">;
export type Wanted = Shape<"OAuthClientCreate">;

const AREA = ["oauth-clients"];
const at = (oauth_client_id: string) => ({ params: { path: { oauth_client_id } } });

export const oauthClients = () =>
  infiniteQueryOptions({
    queryKey: AREA,
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/oauth-clients", {
          params: { query: pageParam ? { cursor: pageParam } : {} },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
  });

export const environments = () =>
  queryOptions({
    queryKey: ["deployments", "environments"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/environments", { signal })),
  });

export const useCreateClient = () =>
  useChange(AREA, async (wanted: Wanted) =>
    body(await api.POST("/api/v1/oauth-clients", { body: wanted })),
  );

export const useRotateClient = () =>
  useChange(AREA, async ({ id, overlap_hours }: { id: string; overlap_hours: number }) =>
    body(
      await api.POST("/api/v1/oauth-clients/{oauth_client_id}/rotate", {
        ...at(id),
        body: { overlap_hours },
      }),
    ),
  );

export const useRevokeClient = () =>
  useChange(AREA, async (id: string) =>
    done(await api.DELETE("/api/v1/oauth-clients/{oauth_client_id}", at(id))),
  );
