import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import type { Install, Sample } from "./api";
import { HomePage } from "./home-page";

const STEPS = ["run", "model", "deployment", "prediction", "drift"] as const;
const empty: Shape<"HomeOut"> = {
  steps: STEPS.map((key) => ({ key, done: false })),
  run_count: 0,
  model_count: 0,
  deployment_count: 0,
  alerts: [],
  needs_attention: [],
  recent_runs: [],
  recent_activity: [],
};
const sample: Sample = {
  key: "breast-cancer",
  title: "Breast cancer screening",
  summary: "Trains a classifier.",
  source: "UCI",
  licence: "CC BY 4.0",
  caution: "Not for medical decisions.",
  install: null,
};
const installing: Install = {
  key: "breast-cancer",
  status: "installing",
  steps: [
    {
      key: "train",
      title: "Train the model",
      status: "done",
      detail: "Accuracy 0.97",
      seconds: 4.2,
    },
    { key: "register", title: "Register version 1", status: "running", detail: "", seconds: null },
  ],
  error: null,
  experiment_id: "1",
  run_id: "abc",
  model_id: null,
  deployment_id: null,
  started_at: "2026-11-21T08:00:00Z",
};

test("an empty workspace offers the sample project and the lines that connect code", async () => {
  answers("get", "/api/v1/home", empty);
  answers("get", "/api/v1/samples", [sample]);
  const asked = answers("post", "/api/v1/samples/breast-cancer", installing, 202);
  await renderView(<HomePage ws="team" />);
  expect(await screen.findByText(/MLFLOW_TRACKING_URI=http:\/\/localhost/)).toBeVisible();
  expect(screen.getByText("python examples/quickstart.py")).toBeVisible();
  await userEvent.click(await screen.findByRole("button", { name: "Load sample project" }));
  expect(asked).toHaveLength(1);
});

test("a sample on its way in shows each step with its time", async () => {
  answers("get", "/api/v1/home", {
    ...empty,
    steps: [
      { key: "run", done: true },
      { key: "model", done: false },
    ],
  });
  answers("get", "/api/v1/samples", [{ ...sample, install: installing }]);
  await renderView(<HomePage ws="team" />);
  expect(await screen.findByText("Train the model")).toHaveTextContent("Train the model: Done");
  expect(screen.getByText("4.2 s")).toBeVisible();
  expect(screen.getByText("1 of 2 done")).toBeVisible();
});

test("a deployment that needs somebody is named with its cause", async () => {
  const row = {
    deployment_id: "d-1",
    name: "checkout",
    environment: "production",
    health: "failing",
    reasons: ["12 % of requests fail."],
    drift: "ok",
    drift_reason: "",
  };
  answers("get", "/api/v1/home", { ...empty, deployment_count: 3, needs_attention: [row] });
  answers("get", "/api/v1/samples", []);
  await renderView(<HomePage ws="team" />);
  expect(await screen.findByRole("link", { name: "checkout" })).toHaveAttribute(
    "href",
    "/w/team/deployments/d-1",
  );
  expect(screen.getByText("12 % of requests fail.")).toBeVisible();
});

test("a viewer sees the sample but cannot load it", async () => {
  answers("get", "/api/v1/home", empty);
  answers("get", "/api/v1/samples", [sample]);
  await renderView(<HomePage ws="team" />, { me: { ...ana, permissions: [] } });
  expect(await screen.findByRole("button", { name: "Load sample project" })).toBeDisabled();
  expect(screen.getByText("Needs the Developer role.")).toBeVisible();
});

test("a refused home shows the server's reason", async () => {
  refuses("get", "/api/v1/home", 404, "workspaces.not_found", "There is no such workspace.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<HomePage ws="team" />);
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no such workspace.");
});
