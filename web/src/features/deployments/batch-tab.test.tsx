import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aRevision, DEPLOYMENT } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { BatchTab } from "./batch-tab";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const batch = {
  id: "b1",
  deployment_id: DEPLOYMENT,
  deployment_name: "staging/fraud",
  version: null,
  file_name: "rows.csv",
  format: "csv",
  size_bytes: 2048,
  status: "running",
  rows_done: 1200,
  rows_failed: 3,
  progress: 0.4,
  error: null,
  created_at: "2026-11-27T08:00:00Z",
  started_at: "2026-11-27T08:00:01Z",
  ended_at: null,
  created_by_name: "Ana Ruiz",
};

beforeEach(() => {
  answers("get", `${ONE}/revisions`, [aRevision()]);
});

const show = (me = ana) => renderView(<BatchTab id={DEPLOYMENT} />, { me });

test("a chosen file is sent as it is", async () => {
  answers("get", `${ONE}/batches`, []);
  const sent = answers("post", `${ONE}/batches/file`, batch, 201);
  const { container } = await show();
  expect(await screen.findByText("No file has been scored yet")).toBeVisible();
  const field = container.ownerDocument.querySelector<HTMLInputElement>("input[type=file]");
  if (!field) throw new Error("There is no field for a file.");
  await userEvent.upload(field, new File(['{"x":1}'], "rows.jsonl"));
  await userEvent.click(screen.getByRole("button", { name: "Score file" }));
  await vi.waitFor(() => expect(sent).toEqual([{ x: 1 }]));
});

test("a running batch shows how far it is, can be downloaded and cancelled", async () => {
  answers("get", `${ONE}/batches`, [batch]);
  const sent = answers("post", "/api/v1/batches/b1/cancel", { ...batch, status: "cancelled" });
  await show();
  const row = within(await screen.findByRole("row", { name: /rows.csv/ }));
  expect(row.getByText("1,200")).toBeVisible();
  expect(row.getByRole("link", { name: "Results of rows.csv, CSV" })).toHaveAttribute(
    "href",
    expect.stringContaining("/api/v1/batches/b1/results?format=csv"),
  );
  expect(row.getByRole("link", { name: /Refused rows/ })).toBeVisible();
  await userEvent.click(row.getByRole("button", { name: "Cancel rows.csv" }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
});

test("a failed batch says why and is removed after asking once", async () => {
  const error = "The file has no column 'x', which the model needs.";
  answers("get", `${ONE}/batches`, [{ ...batch, status: "failed", error }]);
  const sent = answers("delete", "/api/v1/batches/b1", undefined, 204);
  await show();
  expect(await screen.findByText(error)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Remove rows.csv" }));
  await userEvent.click(await screen.findByRole("button", { name: "Remove batch" }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
});

test("who may only look can neither score nor cancel", async () => {
  answers("get", `${ONE}/batches`, [batch]);
  await show({ ...ana, permissions: ["predictions.read"] });
  await screen.findByRole("row", { name: /rows.csv/ });
  expect(screen.queryByRole("button", { name: /Score|Cancel|Remove/ })).toBeNull();
});
