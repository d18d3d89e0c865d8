import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { WebhooksPage } from "./webhooks-page";

const AT = "2026-11-27T08:00:00Z";
const hook = {
  id: "w-1",
  name: "ci",
  url: "https://ci.example",
  description: "",
  events: ["model_version.created", "model_version_alias.created", "prompt.created"],
  is_active: true,
  is_signed: true,
  last_delivered_at: null,
  last_failure: "It answered 404.",
  created_at: AT,
  updated_at: AT,
};
const attempt = {
  id: "d-1",
  delivery_id: "0f1e2d3c-0000-4000-8000-000000000000",
  event: "model_version.created",
  attempt: 2,
  is_test: false,
  is_signed: true,
  status: 503,
  failure: "It answered 503.",
  will_retry: true,
  took_ms: 42,
  at: AT,
};
const page = (...items: unknown[]) => ({ items, next_cursor: null, total: null });

test("a webhook is made with its events and a secret", async () => {
  answers("get", "/api/v1/webhooks", []);
  const sent = answers("post", "/api/v1/webhooks", hook, 201);
  await renderView(<WebhooksPage />);
  await userEvent.click(
    (await screen.findAllByRole("button", { name: "Add webhook" }))[0] ?? document.body,
  );
  await userEvent.type(await screen.findByLabelText("Name"), "ci");
  await userEvent.type(screen.getByLabelText("Address"), "https://ci.example");
  await userEvent.type(screen.getByLabelText("Secret"), "whisper it");
  const buttons = screen.getAllByRole("button", { name: "Add webhook" });
  await userEvent.click(buttons.at(-1) ?? document.body);
  await screen.findByText("No webhooks yet");
  expect(sent).toMatchObject([
    {
      name: "ci",
      url: "https://ci.example",
      events: ["model_version.created"],
      secret: "whisper it",
    },
  ]);
});

test("a test says what happened, and the log shows each attempt", async () => {
  answers("get", "/api/v1/webhooks", [hook]);
  answers("get", "/api/v1/webhooks/w-1/deliveries", page(attempt));
  const tried = answers("post", "/api/v1/webhooks/w-1/test", {
    ...attempt,
    is_test: true,
    status: 418,
    failure: "It answered 418.",
  });
  await renderView(<WebhooksPage />);
  expect(await screen.findByText("and 2 more events")).toBeVisible();
  expect(screen.getByText("It answered 404.")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Test ci" }));
  expect(await screen.findByText("It answered 418.")).toBeVisible();
  expect(tried).toEqual([{ event: null }]);
  expect(await screen.findByText(/It answered 503. It is tried again./)).toBeVisible();
  expect(screen.getByRole("button", { name: "Log of ci" })).toHaveAttribute("aria-pressed", "true");
});

test("a webhook is switched off, and deleted after a question", async () => {
  answers("get", "/api/v1/webhooks", [hook]);
  const changed = answers("patch", "/api/v1/webhooks/w-1", { ...hook, is_active: false });
  const deleted = answers("delete", "/api/v1/webhooks/w-1", null, 204);
  await renderView(<WebhooksPage />);
  await userEvent.click(await screen.findByLabelText("ci is on"));
  expect(changed).toEqual([{ is_active: false }]);
  await userEvent.click(screen.getByRole("button", { name: "Delete ci" }));
  await userEvent.click(await screen.findByRole("button", { name: "Delete webhook" }));
  expect(deleted).toHaveLength(1);
});
