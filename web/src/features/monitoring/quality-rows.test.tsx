import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { QualityTab } from "./quality-tab";

const ONE = "/api/v1/deployments/d1";

test("while no rows are kept nothing is asked that would be refused", async () => {
  answers("get", `${ONE}/quality`, {
    range: "7d",
    since: "2026-11-20T00:00:00Z",
    until: "2026-11-22T00:00:00Z",
    task: "classification",
    total: { n: 5, calls: 10, coverage: 0.5, maturity: null, few: true, measures: [] },
    points: [],
    classes: [],
    waiting: 0,
    unknown: 0,
    corrected: 0,
    median_delay_seconds: null,
  });
  answers("get", `${ONE}/capture`, { first_at: null, last_at: null });
  answers("get", `${ONE}/value`, null);
  answers("get", `${ONE}/outcome-source`, null);
  const asked = [
    answers("get", `${ONE}/quality/slices`, {}),
    answers("get", `${ONE}/quality/estimate`, {}),
  ];
  await renderView(<QualityTab id="d1" range="7d" onRange={vi.fn()} />);
  expect(await screen.findByText("No rows are kept of that time yet")).toBeVisible();
  expect(asked.flat()).toEqual([]);
});
