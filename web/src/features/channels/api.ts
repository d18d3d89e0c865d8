import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { useChange } from "@/api/change";
import { api, body, done } from "@/api/client";
import type { Shape } from "@/api/types";

export type Channel = Shape<"ChannelOut">;
export type Delivery = Shape<"DeliveryOut">;
export type DeliveryState = Delivery["state"];

export const channels = () =>
  queryOptions({
    queryKey: ["channels"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/channels", { signal })),
  });

export const deliveries = (state: DeliveryState | null) =>
  infiniteQueryOptions({
    queryKey: ["channels", "deliveries", state],
    queryFn: async ({ signal, pageParam }) =>
      body(
        await api.GET("/api/v1/deliveries", {
          params: {
            query: {
              limit: 25,
              ...(state ? { state } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 10_000,
  });

const AREA = ["channels"];
const at = (channel_id: string) => ({ params: { path: { channel_id } } });

export const useCreateChannel = () =>
  useChange(AREA, async (wanted: Shape<"ChannelCreate">) =>
    body(await api.POST("/api/v1/channels", { body: wanted })),
  );

export const useChangeChannel = () =>
  useChange(AREA, async ({ id, ...wanted }: { id: string } & Shape<"ChannelPatch">) =>
    body(await api.PATCH("/api/v1/channels/{channel_id}", { ...at(id), body: wanted })),
  );

export const useRemoveChannel = () =>
  useChange(AREA, async (id: string) =>
    done(await api.DELETE("/api/v1/channels/{channel_id}", at(id))),
  );

export const useTestChannel = () =>
  useChange(AREA, async (id: string) =>
    body(await api.POST("/api/v1/channels/{channel_id}/test", at(id))),
  );

export const useReplay = () =>
  useChange(AREA, async (delivery_id: string) =>
    body(
      await api.POST("/api/v1/deliveries/{delivery_id}/replay", {
        params: { path: { delivery_id } },
      }),
    ),
  );
