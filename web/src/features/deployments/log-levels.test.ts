import { expect, test } from "vitest";
import { levelOf, readable } from "./log-levels";

test.each([
  ["WARNING:root:slow", "warning"],
  ["2026-11-21 08:00:00,123 INFO model: loaded", "info"],
  ["2026-11-21T08:00:00Z [error    ] no such column", "error"],
  ['{"level": "debug", "message": "x"}', "debug"],
  ["level=warn msg=late", "warning"],
  ["Warning: slow", "warning"],
  ["Traceback (most recent call last):", "error"],
  ["ValueError: could not convert", "error"],
  ["/x/model.py:4: UserWarning: old format", "warning"],
  ["ready: {'engine': 'sklearn'}", "other"],
  ["an error is what this line talks about", "other"],
  ['  File "model.py", line 4, in predict', "other"],
  ["", "other"],
])("%s is of level %s", (line, level) => {
  expect(levelOf(line)).toBe(level);
});

test("what colours a line on a terminal is left out, and its level is found", () => {
  const line = readable("\u001b[33mWARNING\u001b[0m slow \u001b[1;31mred\u001b[0m");
  expect(line).toBe("WARNING slow red");
  expect(levelOf(line)).toBe("warning");
});
