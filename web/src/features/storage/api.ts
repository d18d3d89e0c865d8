import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";

export type Collection = Shape<"CollectionOut">;
export type Storage = Shape<"StorageOut">;

const LOOK_MS = 1_000;

const isOpen = (one: Collection): boolean => one.state === "waiting" || one.state === "running";

/** What the workspace keeps; looked at again while a collection is under way. */
export const storage = () =>
  queryOptions({
    queryKey: ["storage"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/storage", { signal })),
    refetchInterval: (query) => (query.state.data?.collections.some(isOpen) ? LOOK_MS : false),
  });

export function useCollect() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (dry_run: boolean) =>
      body(await api.POST("/api/v1/storage/collections", { body: { dry_run } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["storage"] }),
  });
}

/** The collection under way, if there is one. */
export const openOf = (data: Storage): Collection | undefined => data.collections.find(isOpen);
