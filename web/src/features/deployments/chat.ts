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

/** What a chat's answer says, and how many tokens it took; nothing where it is another answer. */
export function answerIn(told: unknown): { content: string; note: string } | null {
  const choice = at(told, "choices", 0);
  const content = at(choice, "message", "content");
  if (typeof content !== "string") return null;
  const [read, wrote] = [
    at(told, "usage", "prompt_tokens"),
    at(told, "usage", "completion_tokens"),
  ];
  const cut = at(choice, "finish_reason") === "length" ? "; cut at the limit" : "";
  return { content, note: `${read} tokens read, ${wrote} written${cut}` };
}

/** Why there is no answer. */
export function refusalIn(told: unknown): string {
  const detail = at(told, "detail");
  return typeof detail === "string" ? detail : "The endpoint gave no answer.";
}

function at(value: unknown, ...steps: (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (found, step) =>
      typeof found === "object" && found !== null
        ? (found as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}
