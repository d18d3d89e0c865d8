const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
// Made once: making one costs more than drawing the row it stands in.
const WHOLE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [7, "day"],
  [4.35, "week"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
];

/** "2 minutes ago", "in 3 days"; within ten seconds "just now". */
export function relativeTime(at: Date, now: Date): string {
  let amount = (at.getTime() - now.getTime()) / 1_000;
  if (Math.abs(amount) < 10) return "just now";
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < size) return WORDS.format(Math.round(amount), unit);
    amount /= size;
  }
  return at.toISOString();
}

/** The full local time, with the zone. */
export function absoluteTime(at: Date): string {
  return WHOLE.format(at);
}
