import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";

/** Which features are switched on for whoever is signed in; the server decides again. */
export const flags = () =>
  queryOptions({
    queryKey: ["flags", "mine"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/flags", { signal })).flags,
    staleTime: 60_000,
  });

/** Whether a feature is on; `null` while it is not known yet. */
export const useFlag = (key: string): boolean | null => {
  const { data, isError } = useQuery(flags());
  if (isError) return false;
  return data ? (data[key] ?? false) : null;
};

export const QUICK_DEPLOY = "quick_deploy_enabled";
