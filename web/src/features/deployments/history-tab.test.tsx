import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { aRevision, DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { HistoryTab } from "./history-tab";

test("a revision that was taken back says why, beside the reason it was made for", async () => {
  const said = "Rolled back by itself: 100.0% of its 61 calls failed (5xx).";
  const failed = { status: "failed", status_reason: said, reason: "new prices" } as const;
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/history`, []);
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/revisions`, [
    aRevision({ number: 2, version: 2, ...failed }),
    aRevision({ reason: "first try" }),
  ]);
  await renderView(<HistoryTab id={DEPLOYMENT} />);
  const [, second, first] = within(
    await screen.findByRole("table", { name: "History" }),
  ).getAllByRole("row");
  expect(second).toHaveTextContent(said);
  expect(second).toHaveTextContent("new prices");
  expect(first).toHaveTextContent("first try");
});
