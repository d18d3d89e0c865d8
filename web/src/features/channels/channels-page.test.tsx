import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { ChannelsPage } from "./channels-page";

const AT = "2026-11-27T08:00:00Z";
const hook = {
  id: "c-1",
  name: "On call",
  kind: "webhook",
  recipients: [],
  target: "hooks.example.com",
  is_enabled: true,
  is_default: true,
  least_severity: "info",
  hourly_cap: 30,
  created_at: AT,
  created_by_name: "Ana",
  last_delivered_at: null,
  dead_letters: 1,
};
const letter = {
  id: "l-1",
  channel_id: "c-1",
  channel_name: "On call",
  kind: "webhook",
  event: "fired",
  thread: "alert-1",
  title: "Calls fail",
  state: "dead",
  attempts: 6,
  next_at: null,
  last_error: "The receiver answered 503.",
  created_at: AT,
  delivered_at: null,
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: null });

test("a webhook shows its signing secret once", async () => {
  answers("get", "/api/v1/channels", []);
  answers("get", "/api/v1/deliveries", page());
  const sent = answers("post", "/api/v1/channels", { ...hook, signing_secret: "whsec_abc" }, 201);
  await renderView(<ChannelsPage />);
  await userEvent.click(
    (await screen.findAllByRole("button", { name: "Add channel" }))[0] ?? document.body,
  );
  await userEvent.type(await screen.findByLabelText("Name"), "On call");
  await userEvent.type(screen.getByLabelText("Address"), "https://hooks.example.com/x");
  const buttons = screen.getAllByRole("button", { name: "Add channel" });
  await userEvent.click(buttons.at(-1) ?? document.body);
  expect(await screen.findByText("whsec_abc")).toBeVisible();
  expect(sent).toMatchObject([{ kind: "webhook", url: "https://hooks.example.com/x" }]);
});

test("a test message says what happened, and a dead letter is sent again", async () => {
  answers("get", "/api/v1/channels", [hook]);
  answers("get", "/api/v1/deliveries", page(letter));
  answers("post", "/api/v1/channels/c-1/test", {
    delivered: false,
    error: "The receiver answered 404.",
  });
  const replayed = answers("post", "/api/v1/deliveries/l-1/replay", letter, 202);
  await renderView(<ChannelsPage />);
  expect(await screen.findByText("1 not delivered")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Test On call" }));
  expect(await screen.findByText("The receiver answered 404.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Send Calls fail again" }));
  expect(replayed).toHaveLength(1);
});

test("somebody who may not manage channels sees them and nothing to press", async () => {
  answers("get", "/api/v1/channels", [hook]);
  answers("get", "/api/v1/deliveries", page(letter));
  await renderView(<ChannelsPage />, { me: { ...ana, permissions: ["channels.read"] } });
  expect(await screen.findByText("hooks.example.com")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Add|Test|Remove|again/ })).toBeNull();
});
