import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Thread = Shape<"ThreadOut">;
export type Comment = Shape<"CommentOut">;
export type Person = Shape<"PersonOut">;
export type InboxItem = Shape<"InboxItemOut">;
export type FeedEvent = Shape<"FeedEventOut">;

/** What is talked about: a kind and id as the audit trail has them. */
export interface About {
  kind: "run" | "model" | "model_version" | "deployment";
  id: string;
}

const KEY = "collaboration";
const PAGE = 50;

export const threads = ({ kind, id }: About) =>
  infiniteQueryOptions({
    queryKey: [KEY, "threads", kind, id],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/comments", {
          params: {
            query: {
              resource_type: kind,
              resource_id: id,
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

export const people = () =>
  queryOptions({
    queryKey: [KEY, "people"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/comments/people", { signal })),
    staleTime: 60_000,
  });

export const unread = () =>
  queryOptions({
    queryKey: [KEY, "inbox", "unread"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/inbox/unread", { signal })),
    refetchInterval: 60_000,
  });

export const inbox = (unreadOnly: boolean) =>
  infiniteQueryOptions({
    queryKey: [KEY, "inbox", "items", unreadOnly],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/inbox", {
          params: {
            query: {
              unread_only: unreadOnly,
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

export interface FeedFilter {
  about?: About;
  /** The first word of actions: "registry". */
  area?: string;
  /** Whose changes. */
  actor?: string;
}

export const feed = ({ about, area, actor }: FeedFilter) =>
  infiniteQueryOptions({
    queryKey: [KEY, "feed", about ?? null, area ?? "", actor ?? ""],
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/activity", {
          params: {
            query: {
              ...(about ? { resource_type: about.kind, resource_id: about.id } : {}),
              ...(area ? { area } : {}),
              ...(actor ? { actor_id: actor } : {}),
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });

function useRefresh(about: About) {
  const cache = useQueryClient();
  return () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: threads(about).queryKey }),
      cache.invalidateQueries({ queryKey: [KEY, "feed"] }),
    ]);
}

export function useSay(about: About, threadId: string | null) {
  return useMutation({
    mutationFn: async (text: string) =>
      body(
        await api.POST("/api/v1/comments", {
          body: {
            resource_type: about.kind,
            resource_id: about.id,
            body: text,
            thread_id: threadId,
          },
        }),
      ),
    onSuccess: useRefresh(about),
  });
}

export function useRewrite(about: About, id: string) {
  return useMutation({
    mutationFn: async (text: string) =>
      body(
        await api.PATCH("/api/v1/comments/{comment_id}", {
          params: { path: { comment_id: id } },
          body: { body: text },
        }),
      ),
    onSuccess: useRefresh(about),
  });
}

export function useTakeBack(about: About, id: string) {
  return useMutation({
    mutationFn: async () =>
      done(
        await api.DELETE("/api/v1/comments/{comment_id}", { params: { path: { comment_id: id } } }),
      ),
    onSuccess: useRefresh(about),
  });
}

export function useSettle(about: About, thread: Thread) {
  const params = { params: { path: { comment_id: thread.id } } };
  return useMutation({
    mutationFn: async () =>
      done(
        thread.resolved_at
          ? await api.POST("/api/v1/comments/{comment_id}/reopen", params)
          : await api.POST("/api/v1/comments/{comment_id}/resolve", params),
      ),
    onSuccess: useRefresh(about),
  });
}

export function useMark() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, read }: { id: string; read: boolean }) => {
      const params = { params: { path: { item_id: id } } };
      done(
        read
          ? await api.PUT("/api/v1/inbox/{item_id}/read", params)
          : await api.DELETE("/api/v1/inbox/{item_id}/read", params),
      );
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: [KEY, "inbox"] }),
  });
}

export function useMarkAll() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async () => body(await api.POST("/api/v1/inbox/read")),
    onSuccess: () => cache.invalidateQueries({ queryKey: [KEY, "inbox"] }),
  });
}
