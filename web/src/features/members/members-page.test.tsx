import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { MembersPage } from "./members-page";

const AT = "2026-11-20T08:00:00Z";
const self = {
  user_id: ana.user_id,
  email: ana.email,
  display_name: "Ana Ruiz",
  role: "owner",
  joined_at: AT,
  last_seen_at: AT,
};
const ben = {
  ...self,
  user_id: "00000000-0000-4000-8000-000000000002",
  email: "ben@example.com",
  display_name: "Ben",
  role: "developer",
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: items.length });

test("inviting somebody shows the link once", async () => {
  answers("get", "/api/v1/members", page(self));
  answers("get", "/api/v1/invitations", page());
  const sent = answers(
    "post",
    "/api/v1/invitations",
    { id: "i", email: "cy@example.com", role: "developer", link: "/invite/tok" },
    201,
  );
  await renderView(<MembersPage />);
  await userEvent.click(screen.getByRole("button", { name: "Invite member" }));
  await userEvent.type(await screen.findByLabelText("E-mail"), "cy@example.com");
  await userEvent.click(screen.getByRole("button", { name: "Send invitation" }));
  expect(await screen.findByText(/^http:\/\/localhost.*\/invite\/tok$/)).toBeVisible();
  expect(sent).toEqual([{ email: "cy@example.com", role: "developer" }]);
});

test("removing a member asks first and says what is lost", async () => {
  answers("get", "/api/v1/members", page(self, ben));
  answers("get", "/api/v1/invitations", page());
  const removed = answers("delete", `/api/v1/members/${ben.user_id}`, null, 204);
  await renderView(<MembersPage />);
  await userEvent.click(await screen.findByRole("button", { name: "Remove Ben" }));
  expect(screen.getByText(/loses access to this workspace at once/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Remove member" }));
  expect(removed).toHaveLength(1);
});

test("somebody who may not manage members sees them and nothing to press", async () => {
  answers("get", "/api/v1/members", page(self, ben));
  await renderView(<MembersPage />, { me: { ...ana, permissions: ["members.read"] } });
  expect(await screen.findByText("ben@example.com")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Invite|Remove/ })).toBeNull();
});

test("a refused list keeps the page and shows why", async () => {
  refuses(
    "get",
    "/api/v1/members",
    403,
    "workspaces.not_allowed",
    "Your role does not include this.",
  );
  answers("get", "/api/v1/invitations", page());
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<MembersPage />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
  expect(screen.getByText("No open invitations")).toBeVisible();
});
