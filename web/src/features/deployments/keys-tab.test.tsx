import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { KeysTab } from "./keys-tab";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const key = {
  id: "k1",
  name: "checkout",
  public_id: "abc",
  scopes: ["predict"],
  created_at: "2026-11-21T08:00:00Z",
  expires_at: null,
  requests_per_minute: 600,
  requests_per_month: 50_000,
  tokens_per_month: null,
  calls_this_month: 1_200,
  tokens_this_month: null,
  last_used_at: null,
  replaced_by: null,
};

beforeEach(() => {
  answers("get", ONE, aDeployment());
  answers("get", `${ONE}/api`, { paths: {} });
});

const show = (me = ana) => renderView(<KeysTab id={DEPLOYMENT} />, { me });

test("a new key is shown once, with the limit that was asked for", async () => {
  answers("get", `${ONE}/keys`, []);
  const sent = answers("post", `${ONE}/keys`, { ...key, key: "myk_abc_secret" }, 201);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Create key" }));
  const asking = within(await screen.findByRole("dialog"));
  await userEvent.type(asking.getByRole("textbox", { name: /Name/ }), "checkout");
  await userEvent.type(asking.getByRole("textbox", { name: "Requests a minute" }), "600");
  await userEvent.type(asking.getByRole("textbox", { name: "Requests a month" }), "50000");
  expect(asking.queryByRole("textbox", { name: "Tokens a month" })).toBeNull();
  await userEvent.click(asking.getByRole("button", { name: "Create key" }));
  expect(await screen.findByText("myk_abc_secret")).toBeVisible();
  const request = { name: "checkout", scopes: ["predict"], expires_at: null };
  const limits = {
    requests_per_minute: 600,
    requests_per_month: 50_000,
    tokens_per_month: null,
  };
  expect(sent).toEqual([{ ...request, ...limits }]);
});

test("a key may be for outcomes alone, and is for something", async () => {
  answers("get", `${ONE}/keys`, []);
  const sent = answers("post", `${ONE}/keys`, { ...key, key: "myk_abc_secret" }, 201);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Create key" }));
  const asking = within(await screen.findByRole("dialog"));
  await userEvent.type(asking.getByRole("textbox", { name: /Name/ }), "shop");
  await userEvent.click(asking.getByRole("checkbox", { name: "Ask for predictions" }));
  expect(asking.getByRole("button", { name: "Create key" })).toBeDisabled();
  await userEvent.click(asking.getByRole("checkbox", { name: "Send outcomes" }));
  await userEvent.click(asking.getByRole("button", { name: "Create key" }));
  expect(await screen.findByText("myk_abc_secret")).toBeVisible();
  expect(sent).toMatchObject([{ name: "shop", scopes: ["feedback"] }]);
});

test("keys of a language model may have a quota of tokens, and say what is used", async () => {
  const config = { engine: "llama.cpp", cpu: 1, memory_gb: 1, gpu: 0 };
  answers("get", ONE, aDeployment({ live_revision: aRevision({ config }) }));
  const used = { tokens_per_month: 90_000, tokens_this_month: 4_100 };
  answers("get", `${ONE}/keys`, [{ ...key, ...used }]);
  const sent = answers("post", `${ONE}/keys`, { ...key, key: "myk_abc_secret" }, 201);
  await show();
  await screen.findByRole("row", { name: /50[^\d]000 requests.*4[^\d]100 of 90[^\d]000 tokens/ });
  await userEvent.click(screen.getByRole("button", { name: "Create key" }));
  const asking = within(await screen.findByRole("dialog"));
  await userEvent.type(asking.getByRole("textbox", { name: /Name/ }), "shop");
  await userEvent.type(asking.getByRole("textbox", { name: "Tokens a month" }), "90000");
  await userEvent.click(asking.getByRole("button", { name: "Create key" }));
  expect(await screen.findByText("myk_abc_secret")).toBeVisible();
  expect(sent).toMatchObject([{ name: "shop", tokens_per_month: 90_000 }]);
});

test("revoking asks once and says what happens", async () => {
  answers("get", `${ONE}/keys`, [key]);
  const sent = answers("delete", `${ONE}/keys/k1`, undefined, 204);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Revoke checkout" }));
  expect(screen.getByText(/Callers that use it are refused/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Revoke key" }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
});

test("a key that was replaced names its successor and is not rotated again", async () => {
  const old = { ...key, id: "k0", name: "till", public_id: "old", replaced_by: "abc" };
  answers("get", `${ONE}/keys`, [key, old]);
  await show();
  await screen.findByRole("row", { name: /till.*Replaced by myk_abc_…/ });
  expect(screen.getByRole("button", { name: "Rotate checkout" })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Rotate till" })).toBeNull();
  expect(screen.getByRole("button", { name: "Revoke till" })).toBeVisible();
});

test("who may only read keys can neither create nor revoke", async () => {
  answers("get", `${ONE}/keys`, [key]);
  await show({ ...ana, permissions: ["keys.read"] });
  await screen.findByRole("row", { name: /checkout.*1[^\d]200 of 50[^\d]000/ });
  expect(screen.queryByRole("button", { name: /Create|Revoke/ })).toBeNull();
});
