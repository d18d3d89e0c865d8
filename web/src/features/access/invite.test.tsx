import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { InvitePage } from "./invite";

const PATH = "/api/v1/invitation-links/tok";

test("a new person joins with a name and a password", async () => {
  answers("get", PATH, {
    email: "ben@example.com",
    role: "developer",
    workspace_name: "Fraud",
    has_account: false,
  });
  const sent = answers("post", PATH, ana, 201);
  const entered = vi.fn();
  await renderView(<InvitePage token="tok" onEntered={entered} />, { me: null, at: "/invite/tok" });
  await userEvent.type(await screen.findByLabelText("Your name"), "Ben");
  await userEvent.type(screen.getByLabelText("Password"), "long enough 1");
  await userEvent.click(screen.getByRole("button", { name: "Join Fraud" }));
  await waitFor(() => expect(entered).toHaveBeenCalled());
  expect(sent).toEqual([{ display_name: "Ben", password: "long enough 1" }]);
});

test("somebody with an account is asked for its password only", async () => {
  answers("get", PATH, {
    email: "ben@example.com",
    role: "viewer",
    workspace_name: "Fraud",
    has_account: true,
  });
  await renderView(<InvitePage token="tok" onEntered={() => undefined} />, {
    me: null,
    at: "/invite/tok",
  });
  expect(await screen.findByText("Of your existing account.")).toBeVisible();
  expect(screen.queryByLabelText("Your name")).toBeNull();
});

test("a link that no longer works says so", async () => {
  refuses("get", PATH, 404, "identity.link_unusable", "This link was used or has expired.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<InvitePage token="tok" onEntered={() => undefined} />, {
    me: null,
    at: "/invite/tok",
  });
  expect(await screen.findByRole("alert")).toHaveTextContent("This link was used or has expired.");
});
