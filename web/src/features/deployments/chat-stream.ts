import { useRef, useState } from "react";
import { api } from "@/api/client";
import { refusalFrom } from "@/api/refusal";
import { type Message, type Piece, piece } from "./chat";

export interface Told {
  content: string;
  /** What is known of it: tokens, version. */
  note: string;
}

/** Has a language model go on with a conversation; the answer is there as it is written. */
export function useChat(id: string) {
  const [told, setTold] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const going = useRef<AbortController | null>(null);
  const send = async (
    request: { model: string; messages: Message[]; max_tokens: number },
    onTold: (told: Told) => void,
  ) => {
    const control = new AbortController();
    going.current = control;
    setError(null);
    setTold("");
    try {
      onTold(await read(id, request, control.signal, setTold));
    } catch (refused) {
      if (refused instanceof Error) setError(refused);
    } finally {
      going.current = null;
      setTold(null);
    }
  };
  return {
    /** What was written so far; `null` while nothing is asked. */
    told,
    error,
    send,
    /** Ends the answer where it is; what was written stays. */
    stop: () => going.current?.abort(),
    forget: () => setError(null),
  };
}

async function read(
  id: string,
  request: { model: string; messages: Message[]; max_tokens: number },
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<Told> {
  const found: Required<Piece> = { text: "", cut: false, read: null, wrote: null };
  let version: string | null = null;
  try {
    const { error, response } = await api.POST("/api/v1/deployments/{deployment_id}/try/stream", {
      params: { path: { deployment_id: id } },
      body: {
        path: "v1/chat/completions",
        body: { ...request, stream: true, stream_options: { include_usage: true } },
      },
      parseAs: "stream",
      signal,
    });
    if (!response.ok || !response.body) throw refusalFrom(response.status, error);
    version = response.headers.get("x-model-version");
    for await (const event of eventsOf(response.body, signal)) {
      const next = piece(event);
      found.text += next.text;
      found.cut ||= next.cut;
      found.read = next.read ?? found.read;
      found.wrote = next.wrote ?? found.wrote;
      if (next.text) onText(found.text);
    }
  } catch (reason) {
    if (!signal.aborted) throw reason;
  }
  const parts = [
    found.wrote === null ? "" : `${found.read} tokens read, ${found.wrote} written`,
    found.cut ? "cut at the limit" : "",
    signal.aborted ? "stopped" : "",
    version ? `version ${version}` : "",
  ];
  return { content: found.text, note: parts.filter(Boolean).join("; ") };
}

/** The events of a stream (server-sent events with JSON), as they come. */
export async function* eventsOf(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  signal?.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  const decoder = new TextDecoder();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      waiting += decoder.decode(value, { stream: !done });
      const lines = waiting.split("\n");
      waiting = done ? "" : (lines.pop() ?? "");
      for (const line of lines) {
        const said = line.startsWith("data:") ? line.slice(5).trim() : "";
        if (said && said !== "[DONE]") yield JSON.parse(said);
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
