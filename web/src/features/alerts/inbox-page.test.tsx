import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { anAlert } from "./an-alert";
import { InboxPage } from "./inbox-page";

const page = (...items: unknown[]) => ({ items, next_cursor: null, total: null });
const counts = {
  open: 1,
  critical: 1,
  snoozed: 0,
  median_seconds_to_acknowledge: 180,
  median_seconds_to_resolve: null,
};

test("an alert is acknowledged and snoozed without leaving the list", async () => {
  answers("get", "/api/v1/alerts", page(anAlert()));
  answers("get", "/api/v1/alert-counts", counts);
  answers("get", "/api/v1/members", page());
  const acknowledged = answers("post", "/api/v1/alerts/a-1/acknowledge", anAlert());
  const snoozed = answers("post", "/api/v1/alerts/a-1/snooze", anAlert());
  await renderView(<InboxPage tab="open" />);
  expect(await screen.findByText("Failed calls 30.0% over 5 minutes.")).toBeVisible();
  expect(await screen.findByText(/Acknowledged after 3 min 0 s/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /^Ack Calls/ }));
  await userEvent.click(screen.getByRole("button", { name: /^More for/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "2 hours" }));
  expect(acknowledged).toHaveLength(1);
  expect(snoozed).toEqual([{ minutes: 120 }]);
});

test("resolving asks for the cause", async () => {
  answers("get", "/api/v1/alerts", page(anAlert()));
  answers("get", "/api/v1/alert-counts", counts);
  answers("get", "/api/v1/members", page());
  const resolved = answers("post", "/api/v1/alerts/a-1/resolve", anAlert());
  await renderView(<InboxPage tab="open" />);
  await userEvent.click(await screen.findByRole("button", { name: /^More for/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Resolve…" }));
  await userEvent.click(await screen.findByLabelText("The data were wrong"));
  await userEvent.type(screen.getByLabelText("Note"), "Feed repaired");
  await userEvent.click(screen.getByRole("button", { name: "Resolve alert" }));
  expect(resolved).toEqual([{ resolution: "bad_data", note: "Feed repaired" }]);
});

test("nothing wrong is said, and that everything is watched", async () => {
  answers("get", "/api/v1/alerts", page());
  answers("get", "/api/v1/alert-counts", { ...counts, open: 0 });
  await renderView(<InboxPage tab="open" />);
  expect(await screen.findByText("Nothing is wrong")).toBeVisible();
});

test("a refused list says why; a viewer has nothing to press", async () => {
  answers("get", "/api/v1/alert-counts", counts);
  answers("get", "/api/v1/alerts", page(anAlert()));
  const first = await renderView(<InboxPage tab="open" />, {
    me: { ...ana, permissions: ["alerts.read"] },
  });
  expect(await screen.findByText("Calls fail or do not arrive")).toBeVisible();
  expect(screen.queryByRole("button", { name: /^Ack |^More/ })).toBeNull();
  first.unmount();
  refuses("get", "/api/v1/alerts", 403, "workspaces.forbidden", "Your role does not include this.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await renderView(<InboxPage tab="open" />);
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
});
