import { screen, within } from "@testing-library/react";
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
import { answers, refuses } from "@/test/server";
import { QuickDeploy } from "./quick-deploy";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;

beforeEach(() => {
  answers("get", "/api/v1/flags", { flags: { quick_deploy_enabled: true } });
  answers("get", `/api/v1/models/${MODEL}`, aModel());
  answers("post", "/api/v1/serving/auto-config", aPickedSetup());
  answers("get", "/api/v1/deployments", page([]));
  answers("get", "/api/v1/environments", [{ slug: "staging", name: "Staging", rank: 1 }]);
  answers("get", `${ONE}/api`, {
    paths: {
      "/predict": {
        post: { requestBody: { content: { "application/json": { example: { rows: [[7]] } } } } },
      },
    },
  });
});

const open = () =>
  renderView(<QuickDeploy target={{ modelId: MODEL, version: 1 }} onClose={vi.fn()} />);
const primary = () =>
  screen.findByRole("button", { name: "Deploy to staging" }, { timeout: 5_000 });

test("one click on the focused button deploys with the picked setup", async () => {
  const sent = answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  await open();
  expect(await primary()).toHaveFocus();
  expect(screen.getByText("Logged with the sklearn flavor.")).toBeVisible();
  await userEvent.click(await primary());
  expect(await screen.findByText("Version 1 is live")).toBeVisible();
  await vi.waitFor(() => expect(screen.getAllByRole("button", { name: "Close" })[1]).toHaveFocus());
  expect(sent).toEqual([
    {
      model_id: MODEL,
      version: 1,
      environment: "staging",
      name: "breast-cancer",
      use_auto_config: true,
      config: null,
      reviewed: { engine: "sklearn", cpu: 1, memory_gb: 1, gpu: 0 },
      accept_changes: false,
    },
  ]);
});

test("a live deployment gives a key once, inside a call that can be copied", async () => {
  answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  answers("get", `${ONE}/keys`, []);
  answers("post", `${ONE}/keys`, { id: "k", name: "First key", key: "myk_abc_secret" }, 201);
  await open();
  await userEvent.click(await primary());
  await userEvent.click(await screen.findByRole("button", { name: "Create endpoint key" }));
  const call = await screen.findByText(/Bearer myk_abc_secret/);
  expect(call).toHaveTextContent("staging/breast-cancer/predict");
  expect(screen.queryByRole("button", { name: "Create endpoint key" })).toBeNull();
});

test("a taken name comes with a free one, one click away", async () => {
  const problem = {
    code: "deployments.name_taken",
    detail: "The name is in use.",
    suggested_name: "breast-cancer-2",
  };
  answers("post", "/api/v1/serving/deploy", { status: 409, title: "Conflict", ...problem }, 409);
  await open();
  await userEvent.click(await primary());
  const again = await screen.findByRole("button", { name: "Deploy as breast-cancer-2" });
  const sent = answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  await userEvent.click(again);
  await screen.findByText("Version 1 is live");
  expect(sent).toEqual([expect.objectContaining({ name: "breast-cancer-2" })]);
});

test("a model that wants a GPU is deployed on the processor where there is none", async () => {
  answers("post", "/api/v1/serving/auto-config", {
    ...aPickedSetup({ engine: "python", cpu_instead: true, confidence: "medium" }),
    warnings: ["Planned on the CPU: there is no GPU."],
  });
  await open();
  expect(await screen.findByRole("button", { name: "Deploy on CPU" })).toBeEnabled();
  expect(screen.getByText(/Is it right/)).toBeVisible();
});

test("without room it says what nobody calls and could be stopped", async () => {
  refuses("post", "/api/v1/serving/deploy", 409, "deployments.quota_reached", "3 of 3 are used.");
  const row = { environment: "staging", health: "healthy", live_since: "2026-11-21T08:00:00Z" };
  answers("get", "/api/v1/fleet", {
    rows: [
      { ...row, deployment_id: "a", name: "idle-one", requests: 0 },
      { ...row, deployment_id: "b", name: "busy-one", requests: 9 },
    ],
  });
  await open();
  await userEvent.click(await primary());
  expect(await screen.findByText("3 of 3 are used.")).toBeVisible();
  expect(await screen.findByRole("link", { name: "staging/idle-one" })).toBeVisible();
  expect(screen.queryByRole("link", { name: "staging/busy-one" })).toBeNull();
});

test("a failed rollout shows step, difference and log, and is retried on the same deployment", async () => {
  const failed = aRevision({
    status: "failed",
    status_reason: "Row 0 predicted 0 instead of 1.",
    differences: [{ row: 0, expected: 1, actual: 0 }],
    log_tail: ["Traceback: boom"],
  });
  const broken = aDeployment({ status: "failed", live_revision: null, latest_revision: failed });
  answers("post", "/api/v1/serving/deploy", broken, 202);
  answers("get", ONE, broken);
  await open();
  await userEvent.click(await primary());
  expect(await screen.findByRole("alert")).toHaveTextContent("Row 0 predicted 0 instead of 1.");
  expect(
    within(screen.getByRole("table", { name: "Differences" })).getAllByRole("row"),
  ).toHaveLength(2);
  expect(screen.getByText("Traceback: boom")).toBeVisible();
  answers("get", "/api/v1/deployments", page([broken]));
  const sent = answers("post", `${ONE}/revisions`, aRevision({ number: 2 }), 202);
  await userEvent.click(screen.getByRole("button", { name: "Fix and retry" }));
  await userEvent.click(await screen.findByRole("button", { name: /in staging|to staging/ }));
  await vi.waitFor(() =>
    expect(sent).toEqual([
      expect.objectContaining({ version: 1, use_auto_config: true, config: null }),
    ]),
  );
});

test("another engine is sent instead of the picked one", async () => {
  const sent = answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  await open();
  await primary();
  await userEvent.click(screen.getByRole("button", { name: "Wrong engine? Choose another" }));
  await userEvent.click(screen.getByRole("radio", { name: /python/ }));
  await userEvent.click(await primary());
  await screen.findByText("Version 1 is live");
  const config = { engine: "python", cpu: 1, memory_gb: 1, gpu: 0 };
  expect(sent).toEqual([expect.objectContaining({ use_auto_config: false, config })]);
});

test("a model that cannot be configured shows why", async () => {
  refuses(
    "post",
    "/api/v1/serving/auto-config",
    409,
    "registry.not_ready",
    "Its upload was not finished.",
  );
  await open();
  expect(await screen.findByRole("alert")).toHaveTextContent("Its upload was not finished.");
});

test("a setup that changed is shown line by line and takes one more click", async () => {
  const changed = {
    code: "deployments.setup_changed",
    detail: "The picked setup has changed.",
    differences: [{ field: "memory_gb", seen: 1, picked: 2 }],
  };
  answers("post", "/api/v1/serving/deploy", { status: 409, title: "Conflict", ...changed }, 409);
  await open();
  await userEvent.click(await primary());
  expect(await screen.findByText("memory_gb: 1 → 2")).toBeVisible();
  const sent = answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  await userEvent.click(screen.getByRole("button", { name: "Deploy with the new setup" }));
  await screen.findByText("Version 1 is live");
  expect(sent).toEqual([expect.objectContaining({ accept_changes: true })]);
});

test("an engine that is not installed can be looked at, not deployed", async () => {
  answers("post", "/api/v1/serving/auto-config", {
    ...aPickedSetup({ engine: "llama.cpp", is_runnable: false, confidence: "low" }),
    warnings: ["This installation has no llama.cpp: deploying it is refused."],
  });
  await open();
  expect(await screen.findByText(/deploying it is refused/)).toBeVisible();
  expect(await primary()).toBeDisabled();
});

test("while quick deploy is off the full form opens and nothing is picked", async () => {
  answers("get", "/api/v1/flags", { flags: { quick_deploy_enabled: false } });
  const asked = answers("post", "/api/v1/serving/auto-config", aPickedSetup());
  const sent = answers("post", "/api/v1/serving/deploy", aDeployment(), 202);
  answers("get", ONE, aDeployment());
  await open();
  await primary();
  expect(screen.queryByText("We picked this setup")).toBeNull();
  expect(screen.getByRole("textbox", { name: "Memory, GB" })).toBeVisible();
  await userEvent.click(await primary());
  await screen.findByText("Version 1 is live");
  expect(asked).toEqual([]);
  expect(sent).toEqual([
    {
      model_id: MODEL,
      version: 1,
      environment: "staging",
      name: "breast-cancer",
      use_auto_config: false,
      config: { engine: "sklearn", cpu: 1, memory_gb: 1, gpu: 0 },
      accept_changes: false,
    },
  ]);
});

test("what the button would do is there as code, with the chosen values and no secret", async () => {
  answers("get", "/api/v1/environments", [
    { slug: "staging", name: "Staging", rank: 1 },
    { slug: "production", name: "Production", rank: 2 },
  ]);
  await open();
  await primary();
  await userEvent.click(screen.getByRole("button", { name: "Wrong engine? Choose another" }));
  await userEvent.click(screen.getByRole("radio", { name: /python/ }));
  await userEvent.click(screen.getByRole("button", { name: "Copy as code" }));
  const code = screen.getByRole("region", { name: "As code" });
  expect(code).toHaveTextContent('ServingConfig("python", cpu=1, memory_gb=1, gpu=0)');
  await userEvent.click(screen.getByRole("combobox", { name: "Environment" }));
  await userEvent.click(screen.getByRole("option", { name: "Production" }));
  expect(code).toHaveTextContent('environment="production"');
  await userEvent.click(within(code).getByRole("radio", { name: "curl" }));
  expect(code).toHaveTextContent("Bearer $MODELYARD_TOKEN");
});
