import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { aDeployment, DEPLOYMENT } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { DangerPanel } from "./danger-panel";
import { VariablesPanel } from "./variables-panel";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;

test("it is stopped after one question, and deleted only then, by its typed name", async () => {
  answers("get", ONE, aDeployment());
  const stopped = answers("post", `${ONE}/stop`, aDeployment({ status: "stopping" }), 202);
  await renderView(<DangerPanel id={DEPLOYMENT} />);
  expect(await screen.findByRole("button", { name: "Delete deployment" })).toBeDisabled();
  await userEvent.click(screen.getByRole("button", { name: "Stop deployment" }));
  answers("get", ONE, aDeployment({ status: "stopped", live_revision: null }));
  const question = await screen.findByRole("dialog");
  await userEvent.click(within(question).getByRole("button", { name: "Stop deployment" }));
  expect(await screen.findByRole("button", { name: "Start deployment" })).toBeVisible();
  expect(stopped).toHaveLength(1);

  const deleted = answers("delete", ONE, null, 204);
  await userEvent.click(screen.getByRole("button", { name: "Delete deployment" }));
  const last = await screen.findByRole("dialog", { name: "Delete breast-cancer?" });
  const confirm = within(last).getByRole("button", { name: "Delete deployment" });
  expect(confirm).toBeDisabled();
  await userEvent.type(within(last).getByRole("textbox"), "breast-cancer");
  await userEvent.click(confirm);
  await vi.waitFor(() => expect(deleted).toHaveLength(1));
});

test("who may not change deployments is offered nothing dangerous", async () => {
  answers("get", ONE, aDeployment());
  await renderView(<DangerPanel id={DEPLOYMENT} />, {
    me: { ...ana, permissions: ["deployments.read"] },
  });
  await vi.waitFor(() => expect(screen.queryByRole("button")).toBeNull());
  expect(screen.queryByText("Danger zone")).toBeNull();
});

test("variables and secrets are those of its environment, by name", async () => {
  answers("get", ONE, aDeployment());
  answers("get", "/api/v1/environments", [
    {
      slug: "staging",
      name: "Try-out",
      rank: 1,
      variables: { REGION: "eu-west" },
      secrets: [{ name: "WAREHOUSE_PASSWORD" }],
    },
  ]);
  await renderView(<VariablesPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("REGION")).toBeVisible();
  expect(screen.getByText("WAREHOUSE_PASSWORD")).toBeVisible();
  expect(screen.getByText(/^Of Try-out:/)).toBeVisible();
  const link = screen.getByRole("link", { name: "Environments" });
  expect(link).toHaveAttribute("href", "/w/team/settings/environments");
});
