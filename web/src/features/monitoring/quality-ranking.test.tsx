import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { QualityTab } from "./quality-tab";

const PATH = "/api/v1/deployments/d1/quality";

function ofPlaces(k: number, value: number): Shape<"QualityOut"> {
  const point: Shape<"QualityPoint"> = {
    at: "2026-11-20T00:00:00Z",
    n: 200,
    calls: 200,
    coverage: 1,
    maturity: 1,
    value: null,
    few: false,
    measures: [{ name: "ndcg", value, low: 0.48, high: 0.64, method: "normal" }],
  };
  return {
    range: "7d",
    since: "2026-11-20T00:00:00Z",
    until: "2026-11-21T00:00:00Z",
    step_seconds: 86_400,
    task: "ranking",
    k,
    currency: null,
    total: point,
    points: [point],
    classes: [],
    corrected: 0,
    waiting: 0,
    unknown: 0,
    median_delay_seconds: 60,
  };
}

test("of rankings the first places count, as many as one chooses", async () => {
  const none = "There is none.";
  const at = "2026-11-20T08:00:00Z";
  answers("get", "/api/v1/deployments/d1/capture", { first_at: at, last_at: at });
  answers("get", `${PATH}/estimate`, { code: "monitoring.estimate_without_scores", detail: none });
  for (const unset of ["reference", "value", "outcome-source"])
    answers("get", `/api/v1/deployments/d1/${unset}`, null);
  const worst = {
    feature: "city",
    label: "Bern",
    condition: "\"city\" = 'Bern'",
    rows: 120,
    loss: 0.7,
    loss_elsewhere: 0.4,
    excess: 36,
    p_value: 0.001,
    q_value: 0.004,
    explain: "city Bern: NDCG 0.300 on 120 rows, 0.600 elsewhere.",
  };
  const rows = { rows: 200, rows_kept: 200, rows_read: 200, loss: 0.5 };
  answers("get", `${PATH}/slices`, { range: "7d", task: "ranking", ...rows, slices: [worst] });
  answers("get", PATH, ofPlaces(10, 0.61));
  await renderView(<QualityTab id="d1" range="7d" onRange={vi.fn()} />);
  expect(await screen.findByRole("heading", { name: "NDCG 0.61 (0.48 to 0.64)" })).toBeVisible();
  expect(screen.getByText(/Over the first 10 places, a mean over the queries/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Value per outcome" })).toBeNull();
  const slices = await screen.findByRole("table", { name: "Worst slices" });
  expect(slices).toHaveTextContent(/NDCG at 10.*city Bern1200\.30\.6/);
  answers("get", PATH, ofPlaces(5, 0.5));
  await userEvent.click(screen.getByRole("radio", { name: "5" }));
  expect(await screen.findByText(/Over the first 5 places/)).toBeVisible();
});
