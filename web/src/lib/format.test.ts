import { expect, test } from "vitest";
import { bytes, duration, latency, number, percent, plural } from "./format";
import { relativeTime } from "./relative-time";

test.each([
  [number(0.98765), "0.988"],
  [number(null), "–"],
  [number(0.0000123), "1.23e-5"],
  [percent(0.0123), "1.23 %"],
  [latency(1_500), "1.5 s"],
  [latency(12.34), "12.3 ms"],
  [bytes(1_234_567), "1.23 MB"],
  [duration(190), "3 min 10 s"],
  [plural(1, "run"), "1 run"],
  [plural(2, "entry", "entries"), "2 entries"],
])("%s is written as %s", (written, expected) => {
  expect(written).toBe(expected);
});

test.each([
  [-3, "just now"],
  [-125, "2 minutes ago"],
  [86_400 * 3, "in 3 days"],
])("%i seconds from now is %s", (seconds, words) => {
  const now = new Date("2026-11-21T12:00:00Z");
  expect(relativeTime(new Date(now.getTime() + seconds * 1_000), now)).toBe(words);
});
