import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { exportAddress } from "./api";
import { AuditPage } from "./audit-page";
import { auditFilters } from "./filters";

const event = {
  id: "00000000-0000-4000-8000-0000000000e1",
  at: "2026-11-20T08:00:00Z",
  actor_id: ana.user_id,
  actor_name: "Ana Ruiz",
  action: "members.change_role",
  object_type: "member",
  object_id: "u-2",
  object_name: "Ben",
  result: "ok",
  before: { role: "viewer", email: "ben@example.com" },
  after: { role: "developer", email: "ben@example.com" },
  ip_address: "127.0.0.1",
  user_agent: null,
  request_id: "req-9",
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: null });

test("an entry opens with the values that changed, and only those", async () => {
  answers("get", "/api/v1/members", page());
  answers("get", "/api/v1/audit", page(event));
  await renderView(<AuditPage ws="team" filters={{}} onFilter={() => undefined} />);
  await userEvent.click(await screen.findByRole("button", { name: "members.change_role" }));
  const changes = await screen.findByRole("table", { name: "Changes" });
  expect(within(changes).getAllByRole("row")).toHaveLength(2);
  expect(within(changes).getByRole("row", { name: "role viewer developer" })).toBeVisible();
});

test("filters that match nothing can be cleared", async () => {
  answers("get", "/api/v1/members", page());
  answers("get", "/api/v1/audit", page());
  const onFilter = vi.fn();
  await renderView(
    <AuditPage ws="team" filters={{ q: "nobody", range: "7d" }} onFilter={onFilter} />,
  );
  await userEvent.click(await screen.findByRole("button", { name: "Clear filters" }));
  expect(onFilter).toHaveBeenCalledWith({});
});

test("without the permission the page says who has it and asks the server nothing", async () => {
  await renderView(<AuditPage ws="team" filters={{}} onFilter={() => undefined} />, {
    me: { ...ana, permissions: [] },
  });
  expect(screen.getByText("The audit log is for admins")).toBeVisible();
});

test("a refused log shows why", async () => {
  answers("get", "/api/v1/members", page());
  refuses(
    "get",
    "/api/v1/audit",
    422,
    "kernel.invalid_cursor",
    "This cursor belongs to another list.",
  );
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<AuditPage ws="team" filters={{}} onFilter={() => undefined} />);
  expect(await screen.findByRole("alert")).toHaveTextContent(
    "This cursor belongs to another list.",
  );
});

test("the export downloads what the filters show, of this workspace", () => {
  const address = new URL(
    exportAddress("team", "jsonl", { q: "ben", action: "members.invite" }),
    "http://x",
  );
  expect(Object.fromEntries(address.searchParams)).toEqual({
    q: "ben",
    action: "members.invite",
    format: "jsonl",
    workspace: "team",
  });
});

test("search parameters that make no sense are dropped", () => {
  expect(auditFilters({ q: "", range: "17d", action: 4, actor: "x", more: true })).toEqual({
    actor: "x",
  });
});
