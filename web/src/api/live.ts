import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { currentWorkspace } from "@/lib/workspace";
import { applyLive, isLiveEvent, LIVE_EVENTS } from "./live-events";
import { type LiveState, Stream } from "./stream";

/** What a part of the page shows and wants to hear about. */
export interface LiveWatch {
  experiment?: string;
  runs?: readonly string[];
  /** Curves of those runs. */
  keys?: readonly string[];
  /** Metrics of the experiment's running runs. */
  columns?: readonly string[];
}

const GATHER_MS = 50;
const MOST = { run: 50, key: 24, column: 100 };

/** The one event stream about runs of this tab: it carries what all parts of the page watch. */
class RunStream {
  private watched = new Map<symbol, LiveWatch>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private cache: QueryClient | null = null;
  readonly stream = new Stream(LIVE_EVENTS, (name, data) => {
    if (this.cache && isLiveEvent(name, data)) applyLive(this.cache, name, data);
  });

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

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.stream.follow(addressOf([...this.watched.values()])),
      GATHER_MS,
    );
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

const runs = new RunStream();

/** Keeps what is shown up to date while the component is; gives whether the stream is open. */
export function useLive(watch: LiveWatch, enabled = true): LiveState {
  const cache = useQueryClient();
  const wanted = JSON.stringify(watch);
  useEffect(() => {
    if (!enabled) return;
    const read: LiveWatch = JSON.parse(wanted);
    return runs.watch(cache, read);
  }, [cache, wanted, enabled]);
  return useSyncExternalStore(runs.stream.subscribe, () => runs.stream.state);
}
