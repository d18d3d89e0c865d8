import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { currentWorkspace } from "@/lib/workspace";
import { applyLive, isLiveEvent, LIVE_EVENTS } from "./live-events";

/** What a part of the page shows and wants to hear about. */
export interface LiveWatch {
  experiment?: string;
  runs?: readonly string[];
  /** Curves of those runs. */
  keys?: readonly string[];
  /** Metrics of the experiment's running runs. */
  columns?: readonly string[];
}

export type LiveState = "off" | "connecting" | "live";

const GATHER_MS = 50;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const MOST = { run: 50, key: 24, column: 100 };

/** The one event stream of this tab: it carries what all parts of the page watch together. */
class LiveStream {
  private watched = new Map<symbol, LiveWatch>();
  private source: EventSource | null = null;
  private address = "";
  private position = "";
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listeners = new Set<() => void>();
  private cache: QueryClient | null = null;
  state: LiveState = "off";

  constructor() {
    document.addEventListener("visibilitychange", () => this.soon());
  }

  watch(cache: QueryClient, watch: LiveWatch): () => void {
    const id = Symbol("watch");
    this.cache = cache;
    this.watched.set(id, watch);
    this.soon();
    return () => {
      this.watched.delete(id);
      this.soon();
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private soon(wait = GATHER_MS): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private say(state: LiveState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  /** A hidden tab lets its connection go: browsers allow six to one server. */
  private connect(): void {
    const address = document.hidden ? "" : addressOf([...this.watched.values()]);
    if (address === this.address && this.source) return;
    this.source?.close();
    this.source = null;
    this.address = address;
    if (address === "" || typeof EventSource === "undefined") {
      this.say("off");
      return;
    }
    this.say("connecting");
    const at = this.position ? `&position=${encodeURIComponent(this.position)}` : "";
    const source = new EventSource(address + at);
    this.source = source;
    source.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.say("live");
    };
    source.onerror = () => this.broken(source);
    for (const name of LIVE_EVENTS)
      source.addEventListener(name, (message) => this.hear(name, message));
  }

  private hear(name: string, message: MessageEvent<string>): void {
    this.position = message.lastEventId || this.position;
    if (name === "end") {
      this.source?.close();
      this.say("off");
      return;
    }
    const data: unknown = JSON.parse(message.data);
    if (this.cache && isLiveEvent(name, data)) applyLive(this.cache, name, data);
  }

  /** Browsers come back by themselves after a break, but not after a refusal. */
  private broken(source: EventSource): void {
    if (source !== this.source) return;
    this.say("connecting");
    if (source.readyState !== EventSource.CLOSED) return;
    this.source = null;
    this.soon(this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }
}

function addressOf(watched: readonly LiveWatch[]): string {
  const search = new URLSearchParams();
  const experiment = watched.find((one) => one.experiment)?.experiment;
  if (experiment) search.set("experiment", experiment);
  const add = (name: keyof typeof MOST, values: (string | undefined)[]) => {
    for (const value of [...new Set(values)].slice(0, MOST[name]))
      if (value) search.append(name, value);
  };
  add(
    "run",
    watched.flatMap((one) => one.runs ?? []),
  );
  add(
    "key",
    watched.flatMap((one) => one.keys ?? []),
  );
  if (experiment)
    add(
      "column",
      watched.flatMap((one) => one.columns ?? []),
    );
  if (search.size === 0) return "";
  search.set("workspace", currentWorkspace() ?? "");
  return `/api/v1/live?${search}`;
}

const stream = new LiveStream();

/** Keeps what is shown up to date while the component is; gives whether the stream is open. */
export function useLive(watch: LiveWatch, enabled = true): LiveState {
  const cache = useQueryClient();
  const wanted = JSON.stringify(watch);
  useEffect(() => {
    if (!enabled) return;
    const read: LiveWatch = JSON.parse(wanted);
    return stream.watch(cache, read);
  }, [cache, wanted, enabled]);
  return useSyncExternalStore(stream.subscribe, () => stream.state);
}
