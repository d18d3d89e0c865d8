import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { useChange } from "@/api/change";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Webhook = Shape<"WebhookOut">;
export type Attempt = Shape<"WebhookDeliveryOut">;
export type RegistryEvent = Attempt["event"];

export const webhooks = () =>
  queryOptions({
    queryKey: ["webhooks"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/webhooks", { signal })),
  });

export const attempts = (webhook_id: string) =>
  infiniteQueryOptions({
    queryKey: ["webhooks", webhook_id, "deliveries"],
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/webhooks/{webhook_id}/deliveries", {
          params: {
            path: { webhook_id },
            query: { limit: 25, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 10_000,
  });

const AREA = ["webhooks"];
const at = (webhook_id: string) => ({ params: { path: { webhook_id } } });

export const useCreateWebhook = () =>
  useChange(AREA, async (wanted: Shape<"WebhookCreate">) =>
    body(await api.POST("/api/v1/webhooks", { body: wanted })),
  );

export const useChangeWebhook = () =>
  useChange(AREA, async ({ id, ...wanted }: { id: string } & Shape<"WebhookPatch">) =>
    body(await api.PATCH("/api/v1/webhooks/{webhook_id}", { ...at(id), body: wanted })),
  );

export const useRemoveWebhook = () =>
  useChange(AREA, async (id: string) =>
    done(await api.DELETE("/api/v1/webhooks/{webhook_id}", at(id))),
  );

export const useTestWebhook = () =>
  useChange(AREA, async ({ id, event }: { id: string; event: RegistryEvent | null }) =>
    body(await api.POST("/api/v1/webhooks/{webhook_id}/test", { ...at(id), body: { event } })),
  );
