import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { OAuthClientsPanels } from "./oauth-clients-panels";

const PATH = "/api/v1/oauth-clients";
const shop = {
  id: "00000000-0000-4000-8000-00000000000a",
  client_id: "myc_1_abc",
  name: "shop",
  scopes: ["predict"],
  environments: ["production"],
  requests_per_minute: 600,
  created_at: "2026-11-20T08:00:00Z",
  created_by_name: "Ana",
  last_used_at: null,
  old_secret_until: null,
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: items.length });
const made = { ...shop, client_secret: "mys_secret" };

beforeEach(() => {
  answers("get", "/api/v1/environments", [{ slug: "production", name: "Production" }]);
});

const show = (me = ana) => renderView(<OAuthClientsPanels />, { me });

test("a new client's secret is shown once with the lines that get a token", async () => {
  answers("get", PATH, page());
  const sent = answers("post", PATH, made, 201);
  await show();
  expect(await screen.findByText("No OAuth clients yet")).toBeVisible();
  const [open] = screen.getAllByRole("button", { name: "Create client" });
  await userEvent.click(open ?? document.body);
  const asking = within(await screen.findByRole("dialog"));
  await userEvent.type(asking.getByRole("textbox", { name: /Name/ }), "shop");
  await userEvent.click(asking.getByRole("checkbox", { name: "Ask for predictions" }));
  expect(asking.getByRole("button", { name: "Create client" })).toBeDisabled();
  await userEvent.click(asking.getByRole("checkbox", { name: "Send outcomes" }));
  await userEvent.type(asking.getByRole("textbox", { name: "Requests a minute" }), "600");
  await userEvent.click(asking.getByRole("combobox", { name: "Environments" }));
  await userEvent.click(await screen.findByRole("option", { name: "Production" }));
  await userEvent.click(asking.getByRole("button", { name: "Create client" }));
  expect(await screen.findByText("mys_secret")).toBeVisible();
  expect(screen.getByText(/curl -s -u 'myc_1_abc:mys_secret'/)).toBeVisible();
  expect(sent).toEqual([
    { name: "shop", scopes: ["feedback"], environments: ["production"], requests_per_minute: 600 },
  ]);
});

test("while the old secret works, the list says until when", async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const over = { ...shop, id: "b", name: "till", old_secret_until: "2026-01-01T00:00:00Z" };
  answers("get", PATH, page({ ...shop, old_secret_until: until }, over));
  await show();
  expect(await screen.findByRole("row", { name: /shop.*Old secret works until/ })).toBeVisible();
  expect(screen.getByRole("row", { name: /till/ })).not.toHaveTextContent("Old secret");
});

test("rotating asks how long the old secret works on, and shows the new one", async () => {
  answers("get", PATH, page(shop));
  const sent = answers("post", `${PATH}/${shop.id}/rotate`, made, 201);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Rotate shop" }));
  await userEvent.click(screen.getByRole("combobox", { name: "The old secret works on" }));
  await userEvent.click(await screen.findByRole("option", { name: "Not at all" }));
  await userEvent.click(screen.getByRole("button", { name: "Rotate secret" }));
  expect(await screen.findByText("mys_secret")).toBeVisible();
  expect(sent).toEqual([{ overlap_hours: 0 }]);
});

test("revoking names what stops working", async () => {
  answers("get", PATH, page(shop));
  const revoked = answers("delete", `${PATH}/${shop.id}`, null, 204);
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Revoke shop" }));
  expect(screen.getByText(/with the access tokens it has/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Revoke client" }));
  await vi.waitFor(() => expect(revoked).toHaveLength(1));
});

test("who may only read sees clients and changes none", async () => {
  answers("get", PATH, page(shop));
  await show({ ...ana, permissions: ["keys.read"] });
  expect(await screen.findByRole("row", { name: /shop.*production.*600/ })).toBeVisible();
  expect(screen.queryByRole("button", { name: /Create|Rotate|Revoke/ })).toBeNull();
});

test("a refused list shows why", async () => {
  refuses("get", PATH, 403, "workspaces.not_allowed", "This needs the permission keys.read.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("keys.read");
});
