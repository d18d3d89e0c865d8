import { QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test } from "vitest";
import { applyLive } from "./live-events";

const AT = "2026-11-21T08:00:00Z";
const CURVE = ["tracking", "run", "r1", "metric", "loss"];
const LIST = ["tracking", "runs", "1", "", "", ""];
const point = (step: number) => ({ step, at: AT, value: 1 / (step + 1) });
let cache: QueryClient;

const isStale = (queryKey: string[]) => cache.getQueryState(queryKey)?.isInvalidated;

beforeEach(() => {
  cache = new QueryClient();
  cache.setQueryData(CURVE, { key: "loss", total_points: 2, points: [point(0), point(1)] });
});

const points = (total: number, ...steps: number[]) =>
  applyLive(cache, "points", { run_id: "r1", key: "loss", total, points: steps.map(point) });

test("points that follow what is known are added", () => {
  points(4, 2, 3);
  expect(cache.getQueryData(CURVE)).toMatchObject({ total_points: 4 });
  expect(isStale(CURVE)).toBe(false);
});

test("the same message twice adds nothing", () => {
  points(4, 2, 3);
  points(4, 2, 3);
  expect(cache.getQueryData(CURVE)).toEqual({
    key: "loss",
    total_points: 4,
    points: [0, 1, 2, 3].map(point),
  });
});

test("a curve that cannot be completed is read again", () => {
  points(5, 4);
  expect(isStale(CURVE)).toBe(true);
});

const row = (id: string, status = "RUNNING") => ({ id, status, metrics: { loss: 0.5 } });
const list = (...rows: ReturnType<typeof row>[]) =>
  cache.setQueryData(LIST, {
    pages: [{ items: rows, next_cursor: null, total: rows.length }],
    pageParams: [null],
  });
const experiment = (newest: string, open: string[]) =>
  applyLive(cache, "experiment", { experiment_id: "1", newest, open });

test("a list that has all runs in their state is left alone", () => {
  list(row("a"), row("b", "FINISHED"));
  experiment("a", ["a"]);
  expect(isStale(LIST)).toBe(false);
});

test.each([
  ["a new run", "c", ["a", "c"]],
  ["a run that ended", "a", []],
])("a list is read again for %s", (_, newest, open) => {
  list(row("a"), row("b", "FINISHED"));
  experiment(newest, open);
  expect(isStale(LIST)).toBe(true);
});

test("a row takes new metrics, and other rows stay the same objects", () => {
  const [a, b] = [row("a"), row("b")];
  list(a, b);
  applyLive(cache, "run", {
    id: "a",
    experiment_id: "1",
    name: "first",
    status: "FINISHED",
    ended_at: AT,
    metrics: [{ key: "loss", value: 0.1, is_nan: false, step: 2, at: AT }],
  });
  const data = cache.getQueryData<{ pages: { items: unknown[] }[] }>(LIST);
  expect(data?.pages[0]?.items[0]).toMatchObject({ status: "FINISHED", metrics: { loss: 0.1 } });
  expect(data?.pages[0]?.items[1]).toBe(b);
});

test("after a reset everything of tracking is read again", () => {
  applyLive(cache, "reset", {});
  expect(isStale(CURVE)).toBe(true);
});
