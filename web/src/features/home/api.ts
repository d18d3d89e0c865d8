import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** The facts of the home page; refetched while it is open. */
export const home = () =>
  queryOptions({
    queryKey: ["overview", "home"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/home", { signal })),
    refetchInterval: 15_000,
  });
