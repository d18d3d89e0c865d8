import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, aModel, aRevision, DEPLOYMENT, MODEL } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { DeploymentHeader } from "./deployment-header";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const second = aRevision({ number: 2, version: 2 });
const upgraded = { live_revision: second, latest_revision: second, previous_good_revision: 1 };

beforeEach(() => {
  answers("get", `/api/v1/models/${MODEL}`, aModel({ latest_version: 2, version_count: 2 }));
  answers("get", `${ONE}/revisions`, [second, aRevision()]);
});

const show = (me = ana) => renderView(<DeploymentHeader id={DEPLOYMENT} tab="drift" />, { me });

test("rolling back takes one click and one confirmation", async () => {
  answers("get", ONE, aDeployment(upgraded));
  const sent = answers("post", `${ONE}/rollback`, aRevision({ number: 3 }), 202);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Roll back to v1" }));
  expect(screen.getByText("Version 2, revision 2")).toBeVisible();
  expect(screen.getByText("Version 1, as in revision 1")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Roll back" }));
  await vi.waitFor(() =>
    expect(sent).toEqual([{ revision: 1, reason: null, accept_schema_change: false }]),
  );
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("in production a rollback needs its reason", async () => {
  answers("get", ONE, aDeployment({ ...upgraded, environment: "production" }));
  const sent = answers("post", `${ONE}/rollback`, aRevision({ number: 3 }), 202);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Roll back to v1" }));
  expect(screen.getByRole("button", { name: "Roll back" })).toBeDisabled();
  await userEvent.type(screen.getByRole("textbox", { name: /Reason/ }), "wrong scores");
  await userEvent.click(screen.getByRole("button", { name: "Roll back" }));
  await vi.waitFor(() =>
    expect(sent).toEqual([{ revision: 1, reason: "wrong scores", accept_schema_change: false }]),
  );
});

test("its environment is called what the workspace calls it", async () => {
  answers("get", ONE, aDeployment());
  const place = { slug: "staging", name: "Try-out", rank: 1, policy: { needs_approval: false } };
  answers("get", "/api/v1/environments", [place]);
  await show();
  expect(await screen.findByText("Try-out")).toBeVisible();
  const attempt = screen.getByRole("link", { name: "Try it" });
  expect(attempt).toHaveAttribute("href", `/w/team/deployments/${DEPLOYMENT}?tab=api`);
});

test("without an earlier good revision there is nothing to roll back to", async () => {
  answers("get", ONE, aDeployment());
  await show();
  expect(await screen.findByRole("button", { name: "Deploy version 2" })).toBeVisible();
  expect(screen.queryByRole("button", { name: /Roll back/ })).toBeNull();
});

test("a newer version is deployed with one click", async () => {
  answers("get", ONE, aDeployment());
  const sent = answers("post", `${ONE}/revisions`, second, 202);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Deploy version 2" }));
  await vi.waitFor(() =>
    expect(sent).toEqual([
      { version: 2, use_auto_config: true, config: null, accept_changes: false },
    ]),
  );
});

test("when another version has come live the rest of the page is asked for at once", async () => {
  const rolling = aRevision({ number: 2, version: 2, status: "starting" });
  answers("get", ONE, aDeployment({ latest_revision: rolling }));
  const asked = answers("get", `${ONE}/revisions`, [second, aRevision()]);
  await show();
  expect(await screen.findByText("v1")).toBeVisible();
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  answers("get", ONE, aDeployment(upgraded));
  expect(await screen.findByText("v2", {}, { timeout: 60_000 })).toBeVisible();
  // By itself the list is asked for every ten seconds.
  await vi.waitFor(() => expect(asked).toHaveLength(2), { timeout: 8_000 });
}, 70_000);

test("what a deployment that answers still waits for is said", async () => {
  const said = "The compiled graph answers; the original engine is starting: the pod takes files.";
  answers("get", ONE, aDeployment({ status: "ready", status_reason: said }));
  await show();
  expect(await screen.findByText(said)).toBeVisible();
});

test("who may not deploy sees the cause but no actions", async () => {
  answers(
    "get",
    ONE,
    aDeployment({ status: "degraded", status_reason: "It restarted 3 times in 5 min." }),
  );
  await show({ ...ana, permissions: ["deployments.read"] });
  expect(await screen.findByText("It restarted 3 times in 5 min.")).toBeVisible();
  expect(document.title).toMatch(/^Drift · /);
  expect(screen.queryByRole("button", { name: /Deploy|Roll back|More/ })).toBeNull();
});
