import { useEffect, useState } from "react";
import { absoluteTime, relativeTime } from "@/lib/relative-time";

/** An instant: relative words that stay true, the absolute time on hover. */
export function Time({
  at,
  absolute = false,
}: {
  at: string | null | undefined;
  absolute?: boolean;
}) {
  const now = useNow(!absolute);
  if (!at) return <span className="dim">–</span>;
  const instant = new Date(at);
  return (
    <time dateTime={at} title={absoluteTime(instant)} style={{ whiteSpace: "nowrap" }}>
      {absolute ? absoluteTime(instant) : relativeTime(instant, now)}
    </time>
  );
}

function useNow(ticking: boolean): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(new Date()), 10_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
