import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api, body, rememberCsrf } from "./client";
import type { Shape } from "./types";

export type Me = Shape<"MeOut">;

/** Who is signed in and what they may do in the workspace of the address bar. */
export const session = () =>
  queryOptions({
    queryKey: ["session"],
    queryFn: async ({ signal }) => remembered(body(await api.GET("/api/v1/session", { signal }))),
    staleTime: 60_000,
    retry: false,
  });

/** Takes over a session that the server just opened or described. */
export function remembered(me: Me): Me {
  rememberCsrf(me.csrf_token);
  return me;
}

/** The signed-in person; inside the shell it is always there. */
export const useMe = (): Me => useSuspenseQuery(session()).data;

/** Whether the signed-in person has a permission here. The server decides again. */
export const usePermission = (permission: string): boolean =>
  useMe().permissions.includes(permission);
