import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT } from "@/test/deployments";
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
  answers("get", `/api/v1/deployments/${DEPLOYMENT}`, aDeployment());
  await renderView(<HistoryTab id={DEPLOYMENT} />);
  const [, second, first] = within(
    await screen.findByRole("table", { name: "History" }),
  ).getAllByRole("row");
  expect(second).toHaveTextContent(said);
  expect(second).toHaveTextContent("new prices");
  expect(first).toHaveTextContent("first try");
});

test("a revision that was good is served again from its line", async () => {
  const path = `/api/v1/deployments/${DEPLOYMENT}`;
  const all = [3, 2, 1].map((number) => aRevision({ number, version: number }));
  const [third = aRevision()] = all;
  const live = { live_revision: third, latest_revision: third, good_revisions: [2, 1] };
  answers("get", path, aDeployment({ ...live, weights: [{ revision: 3, weight: 100 }] }));
  answers("get", `${path}/history`, []);
  answers("get", `${path}/revisions`, all);
  const sent = answers("post", `${path}/rollback`, aRevision({ number: 4 }), 202);
  await renderView(<HistoryTab id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("button", { name: "Redeploy revision 1" }));
  expect(screen.queryByRole("button", { name: "Redeploy revision 3" })).toBeNull();
  await userEvent.click(await screen.findByRole("button", { name: "Roll back" }));
  await vi.waitFor(() => expect(sent).toMatchObject([{ revision: 1 }]));
});
