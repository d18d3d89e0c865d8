import { useSyncExternalStore } from "react";
import { absoluteTime, relativeTime } from "@/lib/relative-time";

const TICK_MS = 10_000;
const ONE_LINE = { whiteSpace: "nowrap" } as const;

/** An instant: relative words that stay true, the absolute time on hover. */
export function Time({
  at,
  absolute = false,
}: {
  at: string | null | undefined;
  absolute?: boolean;
}) {
  const now = useSyncExternalStore(absolute ? never : onTick, nowInTicks);
  if (!at) return <span className="dim">–</span>;
  const instant = new Date(at);
  return (
    <time dateTime={at} title={absoluteTime(instant)} style={ONE_LINE}>
      {absolute ? absoluteTime(instant) : relativeTime(instant, new Date(now))}
    </time>
  );
}

// One timer for all: thousands of rows come and go while a table scrolls.
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function onTick(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const never = () => () => {};

/** The time of the last tick; a newer one when no tick came in time. */
function nowInTicks(): number {
  const truly = Date.now();
  const patience = timer === undefined ? 1_000 : 2 * TICK_MS;
  if (truly - now > patience || truly < now) now = truly;
  return now;
}
