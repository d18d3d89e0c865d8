import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { aModel, MODEL, page } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ModelsPage } from "./models-page";

const LIST = "/api/v1/models";

const show = ({ q = "", me = ana, onDeploy = vi.fn(), onSearch = vi.fn() } = {}) =>
  renderView(<ModelsPage q={q} onSearch={onSearch} onDeploy={onDeploy} />, { me });

test("a model's row says where it is live and deploys with one click", async () => {
  const live = { aliases: { champion: 1 }, deployments: ["staging/breast-cancer"] };
  answers("get", LIST, page([aModel(live)]));
  const onDeploy = vi.fn();
  await show({ onDeploy });
  const row = await screen.findByRole("row", { name: /breast-cancer/ });
  expect(row).toHaveTextContent("staging/breast-cancer");
  expect(row).toHaveTextContent("champion → v1");
  await userEvent.click(
    await within(row).findByRole("button", { name: "Quick deploy breast-cancer" }),
  );
  expect(onDeploy).toHaveBeenCalledWith({ modelId: MODEL, version: 1 });
});

test("the key d deploys the model whose row has the focus, and nothing else", async () => {
  answers("get", LIST, page([aModel()]));
  const onDeploy = vi.fn();
  await show({ onDeploy });
  const link = await screen.findByRole("link", { name: "breast-cancer" });
  await userEvent.keyboard("d");
  await userEvent.type(screen.getByRole("searchbox"), "d");
  expect(onDeploy).not.toHaveBeenCalled();
  link.focus();
  await userEvent.keyboard("{Control>}d{/Control}d");
  expect(onDeploy.mock.calls).toEqual([[{ modelId: MODEL, version: 1 }]]);
});

test("who may not deploy gets no deploy button", async () => {
  answers("get", LIST, page([aModel()]));
  await show({ me: { ...ana, permissions: ["models.read"] } });
  await screen.findByRole("row", { name: /breast-cancer/ });
  expect(screen.queryByRole("button", { name: /deploy/i })).toBeNull();
});

test("while quick deploy is off its button is hidden, and the full form is offered", async () => {
  const asked = answers("get", "/api/v1/flags", { flags: { quick_deploy_enabled: false } });
  answers("get", LIST, page([aModel()]));
  await show();
  const row = await screen.findByRole("row", { name: /breast-cancer/ });
  await waitFor(() => expect(asked).toHaveLength(1));
  expect(within(row).getByRole("button", { name: "Deploy breast-cancer" })).toBeVisible();
  expect(screen.queryByRole("button", { name: /Quick deploy/ })).toBeNull();
});

test("without models the page shows how to register one", async () => {
  answers("get", LIST, page([]));
  await show();
  expect(await screen.findByText(/registered_model_name/)).toBeVisible();
});

test("a search without a match can be cleared", async () => {
  answers("get", LIST, page([]));
  const onSearch = vi.fn();
  await show({ q: "fraud", onSearch });
  await userEvent.click(await screen.findByRole("button", { name: "Clear search" }));
  expect(onSearch).toHaveBeenCalledWith("");
});

test("a refused list says why", async () => {
  refuses("get", LIST, 403, "workspaces.not_allowed", "Your role does not include this.");
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
});
