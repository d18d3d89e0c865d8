import { useEffect, useState } from "react";
import { duration } from "@/lib/format";

/** Counts whole seconds while a step runs: from now, or from what the server knows when that is more. */
export function Elapsed({ atLeast }: { atLeast: number }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const since = Date.now();
    const timer = setInterval(() => setSeconds((Date.now() - since) / 1_000), 1_000);
    return () => clearInterval(timer);
  }, []);
  return duration(Math.round(Math.max(seconds, atLeast)));
}
