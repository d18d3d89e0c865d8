import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ShadowPanel } from "./shadow-panel";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const shadowed = aDeployment({
  latest_revision: aRevision({ number: 2, version: 2, status: "shifting" }),
  shadow: { revision: 2, percent: 30, tolerance: 0.01 },
});
const report = {
  deployment_id: DEPLOYMENT,
  revision: 2,
  version: 2,
  is_running: true,
  percent: 30,
  since: "2026-11-21T08:00:00Z",
  calls: 1000,
  failed: 10,
  dropped: 40,
  rows: 990,
  differing: 198,
  disagreement: 0.2,
  disagreement_low: 0.18,
  disagreement_high: 0.23,
  p50_ms: 1,
  p95_ms: 4,
  live_p50_ms: 0.5,
  live_p95_ms: 2,
  sampled_rows: 600,
  slices: [
    {
      feature: "city",
      label: "Genf",
      condition: "city = 'Genf'",
      rows: 150,
      disagreement: 1,
      elsewhere: 0,
      q_value: 0,
    },
  ],
  examples: [
    {
      prediction_id: "p1",
      at: "2026-11-21T08:00:00Z",
      inputs: { city: "Genf" },
      live: 0,
      shadow: 1,
      error: null,
    },
  ],
};

test("a shadow says how often and where it disagrees, and can be sent traffic", async () => {
  answers("get", ONE, shadowed);
  answers("get", `${ONE}/shadow`, report);
  const sent = answers("put", `${ONE}/traffic`, shadowed);
  await renderView(<ShadowPanel id={DEPLOYMENT} />);
  expect(await screen.findByText(/20 % of 990 predictions/)).toBeVisible();
  const parts = within(screen.getByRole("table", { name: /disagree more/ }));
  expect(parts.getByRole("row", { name: /city: Genf 150 100 % 0 %/ })).toBeVisible();
  const where = within(screen.getByRole("table", { name: "Where it disagrees" }));
  expect(where.getByRole("row", { name: /0 1 .*Genf/ })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Send 10 % of the traffic" }));
  const weights = [
    { revision: 1, weight: 90 },
    { revision: 2, weight: 10 },
  ];
  await vi.waitFor(() => expect(sent).toEqual([{ weights }]));
});

test("before the first copy there is nothing to compare, and a refusal is shown", async () => {
  answers("get", ONE, shadowed);
  answers("get", `${ONE}/shadow`, { ...report, calls: 0, rows: 0, disagreement: null });
  await renderView(<ShadowPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("No copy has been answered yet")).toBeVisible();
});

test("who may not see rows is told so", async () => {
  answers("get", ONE, shadowed);
  refuses("get", `${ONE}/shadow`, 403, "access.forbidden", "You may not read predictions.");
  await renderView(<ShadowPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("You may not read predictions.")).toBeVisible();
});
