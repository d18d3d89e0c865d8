import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Deployment } from "./api";

export type TokenWindow = "1h" | "24h" | "7d" | "30d";
export const TOKEN_WINDOWS: readonly TokenWindow[] = ["1h", "24h", "7d", "30d"];

/** A language model is live: it is talked to instead of being sent rows. */
export const speaks = (deployment: Deployment): boolean =>
  deployment.live_revision?.config.engine === "llama.cpp";

export const tokens = (id: string, window: TokenWindow) =>
  queryOptions({
    queryKey: ["monitoring", id, "tokens", window],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/deployments/{deployment_id}/tokens", {
          params: { path: { deployment_id: id }, query: { window } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });

export interface Message {
  role: "user" | "assistant";
  content: string;
}

/** What one event of a streamed answer adds: words, and at the end how many tokens it took. */
export interface Piece {
  text: string;
  /** It ended at the limit. */
  cut: boolean;
  read: number | null;
  wrote: number | null;
}

export function piece(event: unknown): Piece {
  const choice = at(event, "choices", 0);
  return {
    text: text(at(choice, "delta", "content")),
    cut: at(choice, "finish_reason") === "length",
    read: whole(at(event, "usage", "prompt_tokens")),
    wrote: whole(at(event, "usage", "completion_tokens")),
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const whole = (value: unknown): number | null => (typeof value === "number" ? value : null);

function at(value: unknown, ...steps: (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (found, step) =>
      typeof found === "object" && found !== null
        ? (found as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}
