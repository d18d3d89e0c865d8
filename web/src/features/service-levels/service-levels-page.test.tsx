import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { ServiceLevelsPage } from "./service-levels-page";

const phase = (name: string, p50: number | null) => ({ phase: name, count: 9, p50, p95: p50 });

test("the promise, the phases and whose fault failures were", async () => {
  answers("get", "/api/v1/serving/levels", {
    days: 30,
    rollouts: 12,
    live: 9,
    failed_user: 2,
    failed_platform: 1,
    success: 0.9167,
    target_success: 0.98,
    target_seconds: 300,
    phases: [phase("build", 2), phase("total", 6)],
    failures: [{ fault: "platform", phase: "build", count: 1, example: "The disk is full." }],
  });
  await renderView(<ServiceLevelsPage />);
  expect(await screen.findByText("target 98 %, 12 rollouts")).toBeVisible();
  const phases = within(screen.getByRole("table", { name: "Time by phase" }));
  expect(phases.getByRole("row", { name: /Total 9 6/ })).toBeVisible();
  const failures = within(screen.getByRole("table", { name: "Failures" }));
  expect(failures.getByText("The disk is full.")).toBeVisible();
  expect(failures.getByText("Platform")).toBeVisible();
});
