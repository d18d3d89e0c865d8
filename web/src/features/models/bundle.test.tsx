import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { MODEL } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import type { Version } from "./api";
import { ExportButton } from "./export-button";
import { ImportDialog } from "./import-dialog";
import { OriginPanel } from "./origin-panel";

const AT = "2026-11-21T08:00:00Z";
const KEY = `ed25519:${"A".repeat(43)}=`;
const aVersion = (change: Partial<Version> = {}): Version => ({
  model_id: MODEL,
  model_name: "churn",
  version: 2,
  description: "",
  stage: "None",
  status: "READY",
  status_message: null,
  run_id: null,
  source: "bundle:abc",
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
  scan: null,
  obstacle: null,
  created_at: AT,
  created_by_name: "Ana",
  ...change,
});
const ORIGIN = {
  name: "churn",
  version: 7,
  created_at: AT,
  created_by: "Ben",
  run_id: "r1",
  signed_by: KEY,
  manifest_sha256: "abc",
  imported_at: AT,
  imported_by: "Ana",
  lineage: { nodes: [] },
  environment_lock: "numpy==2.4.6",
};

test("a version is exported by a link, unless it has no files", async () => {
  await renderView(
    <>
      <ExportButton version={aVersion()} />
      <ExportButton version={aVersion({ status: "FAILED_REGISTRATION" })} />
    </>,
  );
  const link = screen.getByRole("link", { name: "Export" });
  expect(link).toHaveAttribute("href", expect.stringContaining("/versions/2/bundle?workspace="));
  expect(screen.getByRole("button", { name: "Export" })).toBeDisabled();
});

test("a bundle that is refused says why; one that is taken opens its version", async () => {
  refuses("post", "/api/v1/bundles", 422, "registry.bundle_invalid", "model.pkl is damaged.");
  const { router } = await renderView(<ImportDialog opened onClose={() => undefined} />);
  expect(await screen.findByRole("button", { name: "Import" })).toBeDisabled();
  const file = new File(["{}"], "churn.zip", { type: "application/zip" });
  const input = document.querySelector<HTMLInputElement>('input[type="file"]');
  await userEvent.upload(input as HTMLInputElement, file);
  await userEvent.click(screen.getByRole("button", { name: "Import" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("model.pkl is damaged.");
  answers("post", "/api/v1/bundles", aVersion(), 201);
  await userEvent.click(screen.getByRole("button", { name: "Import" }));
  await waitFor(() => expect(router.state.location.pathname).toContain("/v/2"));
});

test("what came in a bundle tells its origin; what was registered here does not", async () => {
  answers("get", `/api/v1/models/${MODEL}/versions/2/origin`, ORIGIN);
  await renderView(<OriginPanel version={aVersion()} />);
  expect(await screen.findByText("churn version 7")).toBeVisible();
  expect(screen.getByText("Environment it ran in there")).toBeVisible();
  await renderView(<OriginPanel version={aVersion({ source: "runs:/r/model" })} />);
  expect(screen.getAllByText("Origin")).toHaveLength(1);
});
