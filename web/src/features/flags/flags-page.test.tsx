import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import type { Flag } from "./api";
import { FlagsPage } from "./flags-page";

const KEY = "quick_deploy_enabled";
const aFlag = (change: Partial<Flag> = {}): Flag => ({
  key: KEY,
  title: "Quick deploy",
  description: "Picks a setup.",
  plan: ["Internal", "5 % of people", "100 %"],
  default_on: false,
  is_killed: false,
  percentage: 0,
  starts_at: null,
  ends_at: null,
  organisation: true,
  people: [],
  is_on: true,
  why: "Set for the organisation.",
  added_on: "2026-11-27",
  remove_by: "2027-05-31",
  stale: null,
  updated_at: null,
  updated_by_name: null,
  may_change_installation: true,
  ...change,
});
const month = {
  month: "2026-11",
  deployments_auto: 7,
  deployments_manual: 3,
  adoption: 0.7,
  rollouts_auto: 10,
  failed_auto: 1,
  rollouts_manual: 4,
  failed_manual: 1,
  corrections: 2,
};
const report = {
  target: 0.7,
  months: [month],
  corrections: [{ picked: "sklearn", chosen: "python", count: 2 }],
};

test("a flag shows its plan and is switched for the organisation or for everybody", async () => {
  answers("get", "/api/v1/flags/report", [aFlag()]);
  answers("get", "/api/v1/serving/auto-config/report", report);
  await renderView(<FlagsPage />);
  expect(await screen.findByText("5 % of people")).toBeVisible();
  const decided = answers("put", `/api/v1/flags/${KEY}/organisation`, aFlag());
  await userEvent.click(screen.getByDisplayValue("On"));
  await userEvent.click(await screen.findByRole("option", { name: "Off", hidden: true }));
  await vi.waitFor(() => expect(decided).toEqual([{ is_on: false }]));
  const ruled = answers("put", `/api/v1/flags/${KEY}`, aFlag());
  await userEvent.click(screen.getByRole("switch", { name: /Kill switch/ }));
  await userEvent.click(screen.getByRole("button", { name: "Save for everybody" }));
  await vi.waitFor(() => expect(ruled).toEqual([expect.objectContaining({ is_killed: true })]));
});

test("adoption, failures and corrections are shown with their counts", async () => {
  answers("get", "/api/v1/flags/report", [aFlag({ may_change_installation: false })]);
  answers("get", "/api/v1/serving/auto-config/report", report);
  await renderView(<FlagsPage />);
  expect(await screen.findByText("70 %")).toBeVisible();
  expect(screen.getByText("1 of 10 rollouts")).toBeVisible();
  expect(screen.getByText("most often sklearn → python")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Save for everybody" })).toBeNull();
});

test("a stale flag says so", async () => {
  answers("get", "/api/v1/flags/report", [aFlag({ stale: "It was to be removed by 2027-05-31." })]);
  answers("get", "/api/v1/serving/auto-config/report", { ...report, months: [] });
  await renderView(<FlagsPage />);
  expect(await screen.findByText("It was to be removed by 2027-05-31.")).toBeVisible();
  expect(screen.getByText("Nothing has been deployed yet")).toBeVisible();
});
