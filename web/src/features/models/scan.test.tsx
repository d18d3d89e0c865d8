import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Shape } from "@/api/types";
import { MODEL } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ScanPanel } from "./scan";

const AT = "2026-11-21T08:00:00Z";
const RELEASE = `/api/v1/models/${MODEL}/versions/1/scan/release`;

const aScan = (change: Partial<Shape<"ScanOut">> = {}): Shape<"ScanOut"> => ({
  verdict: "suspicious",
  reasons: [{ level: "suspicious", path: "model.pkl", says: "It imports my_company." }],
  format: "mlflow/package",
  format_path: "MLmodel",
  format_evidence: "It has an MLmodel file.",
  scanned_at: AT,
  released_at: null,
  released_by_name: null,
  release_reason: null,
  ...change,
});

const aVersion = (scan: Shape<"ScanOut"> | null, obstacle: string | null = null) => ({
  model_id: MODEL,
  model_name: "churn",
  version: 1,
  description: "",
  stage: "None",
  status: "READY",
  status_message: null,
  run_id: null,
  source: "runs:/r/model",
  digest: "abc",
  size_bytes: 1,
  framework: "sklearn",
  flavors: [],
  inputs: [],
  outputs: [],
  input_example: null,
  reference_prediction: null,
  reference_source: null,
  requirements: [],
  python_version: null,
  aliases: [],
  tags: {},
  checks: [],
  scan,
  obstacle,
  created_at: AT,
  created_by_name: "Ana",
});

test("an admin releases what is suspicious, with a reason", async () => {
  const sent = answers("post", RELEASE, aVersion(aScan()));
  await renderView(<ScanPanel version={aVersion(aScan(), "No admin has released it.")} />);
  expect(screen.getByText("It imports my_company.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Release with a reason" }));
  const submit = await screen.findByRole("button", { name: "Release version" });
  expect(submit).toBeDisabled();
  await userEvent.type(screen.getByRole("textbox", { name: /Reason/ }), "Our own package.");
  await userEvent.click(submit);
  expect(sent).toEqual([{ reason: "Our own package." }]);
});

test("who may not release sees why it waits", async () => {
  await renderView(<ScanPanel version={aVersion(aScan(), "No admin has released it.")} />, {
    me: { ...ana, permissions: ["models.read"] },
  });
  expect(screen.getByText("No admin has released it.")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
});

test("a release that is refused says why; what was not scanned says so", async () => {
  refuses("delete", RELEASE, 409, "registry.nothing_to_release", "It is not released.");
  const released = { released_at: AT, released_by_name: "Ana", release_reason: "Reviewed." };
  const { unmount } = await renderView(<ScanPanel version={aVersion(aScan(released))} />);
  await userEvent.click(screen.getByRole("button", { name: "Withdraw release" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("It is not released.");
  unmount();
  await renderView(<ScanPanel version={aVersion(null)} />);
  expect(screen.getByText("The files have not been scanned yet.")).toBeVisible();
});
