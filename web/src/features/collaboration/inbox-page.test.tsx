import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { InboxBell } from "./inbox-bell";
import { InboxPage } from "./inbox-page";

const AT = "2026-11-21T08:00:00Z";
const ITEM = {
  id: "i1",
  reason: "mention",
  comment_id: "c1",
  resource_type: "run",
  resource_id: "r1",
  resource_name: "happy-run",
  path: "/runs/r1",
  actor_name: "Ben Okri",
  excerpt: "look at this",
  created_at: AT,
  read_at: null,
};
const page = (items: unknown[]) => ({ items, next_cursor: null, total: null });
const view = { tab: "inbox", area: "", actor: "" } as const;

test("opening an item marks it as read and goes there", async () => {
  answers("get", "/api/v1/inbox", page([ITEM]));
  const marked = answers("put", "/api/v1/inbox/i1/read", undefined, 204);
  const { router } = await renderView(<InboxPage view={view} onView={vi.fn()} />);
  await userEvent.click(await screen.findByRole("button", { name: /Ben Okri mentioned you/ }));
  expect(marked).toHaveLength(1);
  expect(router.state.location.pathname).toBe("/w/team/runs/r1");
});

test("an empty inbox says what will be here", async () => {
  answers("get", "/api/v1/inbox", page([]));
  await renderView(<InboxPage view={view} onView={vi.fn()} />);
  expect(await screen.findByText("Nothing for you yet")).toBeVisible();
});

test("the activity is filtered by area", async () => {
  answers("get", "/api/v1/comments/people", []);
  answers(
    "get",
    "/api/v1/activity",
    page([
      {
        id: "e1",
        at: AT,
        actor_id: null,
        actor_name: "Ana",
        action: "registry.set_alias",
        object_type: "model",
        object_id: "m",
        object_name: "churn",
        before: { version: 1 },
        after: { alias: "champion", version: 2 },
      },
    ]),
  );
  const onView = vi.fn();
  await renderView(<InboxPage view={{ ...view, tab: "activity" }} onView={onView} />);
  expect(await screen.findByText(/champion from v1 to v2/)).toBeVisible();
  await userEvent.click(screen.getByRole("combobox", { name: "Area" }));
  await userEvent.click(await screen.findByRole("option", { name: "Models" }));
  expect(onView).toHaveBeenCalledWith({ area: "registry" });
});

test("a refused inbox says why", async () => {
  refuses(
    "get",
    "/api/v1/inbox",
    403,
    "workspaces.not_allowed",
    "Your role does not include this.",
  );
  await renderView(<InboxPage view={view} onView={vi.fn()} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
});

test("the bell says how much is new", async () => {
  answers("get", "/api/v1/inbox/unread", { unread: 3 });
  await renderView(<InboxBell ws="team" />);
  expect(await screen.findByRole("link", { name: "Inbox, 3 unread" })).toBeVisible();
});
