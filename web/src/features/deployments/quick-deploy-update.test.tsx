import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import {
  aDeployment,
  aModel,
  aPickedSetup,
  aRevision,
  DEPLOYMENT,
  MODEL,
  page,
} from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { QuickDeploy } from "./quick-deploy";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;

beforeEach(() => {
  answers("get", "/api/v1/flags", { flags: { quick_deploy_enabled: true } });
  answers("get", `/api/v1/models/${MODEL}`, aModel());
  answers("post", "/api/v1/serving/auto-config", aPickedSetup());
  answers("get", "/api/v1/environments", [{ slug: "staging", name: "Staging", rank: 1 }]);
  answers("get", ONE, aDeployment());
});

const open = () =>
  renderView(<QuickDeploy target={{ modelId: MODEL, version: 1 }} onClose={vi.fn()} />);
const primary = () => screen.findByRole("button", { name: "Deploy to staging" });

const columns = (...names: string[]) =>
  names.map((name) => ({ name, dtype: "double", required: true, shape: null }));

test("where the model is deployed already its deployment is updated, as a canary when wanted", async () => {
  answers("get", `/api/v1/models/${MODEL}`, aModel({ latest_version: 2, version_count: 2 }));
  answers("get", "/api/v1/deployments", page([aDeployment()]));
  const outputs = columns("0");
  answers("get", `/api/v1/models/${MODEL}/versions/1`, { inputs: columns("radius"), outputs });
  answers("get", `/api/v1/models/${MODEL}/versions/2`, {
    inputs: columns("radius", "texture"),
    outputs,
  });
  const sent = answers("post", `${ONE}/revisions`, aRevision({ number: 2 }), 202);
  await renderView(<QuickDeploy target={{ modelId: MODEL, version: null }} onClose={vi.fn()} />);
  expect(await screen.findByText("Update breast-cancer")).toBeVisible();
  expect(screen.getByText("v1 → v2")).toBeVisible();
  expect(await screen.findByText(/texture \(double\) is new, and callers must/)).toBeVisible();
  await userEvent.click(screen.getByRole("switch", { name: /As a canary/ }));
  await userEvent.click(screen.getByRole("button", { name: "Update in staging" }));
  const strategy = expect.objectContaining({ kind: "canary", percent: 10 });
  await vi.waitFor(() => expect(sent).toEqual([expect.objectContaining({ strategy })]));
});

test("the version that is live is rolled out again, or beside itself when somebody asks", async () => {
  answers("get", "/api/v1/deployments", page([aDeployment()]));
  answers("get", `/api/v1/models/${MODEL}/versions/1`, { inputs: [], outputs: [] });
  await open();
  expect(await screen.findByText("v1 → v1")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Deploy separately" }));
  expect(await primary()).toBeVisible();
  expect(screen.getByText(/^Quick deploy breast-cancer/)).toBeVisible();
});
