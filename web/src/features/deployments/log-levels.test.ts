import { expect, test } from "vitest";
import { levelOf } from "./log-levels";

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
