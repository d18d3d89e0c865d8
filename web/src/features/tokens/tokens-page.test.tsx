import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { TokensPage } from "./tokens-page";

const laptop = {
  id: "00000000-0000-4000-8000-00000000000a",
  name: "laptop",
  public_id: "abc",
  role: "developer",
  created_at: "2026-11-20T08:00:00Z",
  created_by: "00000000-0000-4000-8000-000000000001",
  expires_at: null,
  last_used_at: null,
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: items.length });

test("a new token is shown once with the lines that use it", async () => {
  answers("get", "/api/v1/tokens", page());
  const sent = answers("post", "/api/v1/tokens", { ...laptop, token: "mlp_abc_secret_crc" }, 201);
  await renderView(<TokensPage ws="team" />);
  expect(await screen.findByText("No API tokens yet")).toBeVisible();
  await userEvent.click(
    screen.getAllByRole("button", { name: "Create token" })[0] ?? document.body,
  );
  await userEvent.type(await screen.findByLabelText("Name"), "laptop");
  await userEvent.click(
    screen.getAllByRole("button", { name: "Create token" }).at(-1) ?? document.body,
  );
  expect(await screen.findByText("mlp_abc_secret_crc")).toBeVisible();
  expect(screen.getByText(/MLFLOW_TRACKING_TOKEN=mlp_abc_secret_crc/)).toBeVisible();
  expect(sent[0]).toMatchObject({ name: "laptop", role: "developer" });
});

test("revoking a token names what stops working", async () => {
  answers("get", "/api/v1/tokens", page(laptop));
  const revoked = answers("delete", `/api/v1/tokens/${laptop.id}`, null, 204);
  await renderView(<TokensPage ws="team" />);
  await userEvent.click(await screen.findByRole("button", { name: "Revoke laptop" }));
  expect(screen.getByText(/is refused from its next request on/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Revoke token" }));
  expect(revoked).toHaveLength(1);
});

test("a refused list shows why", async () => {
  refuses(
    "get",
    "/api/v1/tokens",
    403,
    "identity.browser_session_needed",
    "Sign in with a browser to manage tokens.",
  );
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<TokensPage ws="team" />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Sign in with a browser");
});
