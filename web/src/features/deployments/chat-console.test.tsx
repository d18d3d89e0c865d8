import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { ApiTab } from "./api-tab";
import { ChatConsole } from "./chat-console";
import { tabsOf } from "./tab-names";
import { TokensPanel } from "./tokens-panel";

const AT = `/api/v1/deployments/${DEPLOYMENT}`;
const CONFIG = { engine: "llama.cpp", cpu: 1, memory_gb: 1, gpu: 0 };
const SPEAKS = aDeployment({
  model_name: "assistant",
  live_revision: aRevision({ config: CONFIG }),
});

/** Answers a chat; gives what was asked. */
const speaking = (status: number, body: unknown) =>
  answers("post", `${AT}/try`, { status, latency_ms: 12, headers: {}, body });

test("every turn is sent with all that was said before, and its tokens are shown", async () => {
  const asked = speaking(200, {
    choices: [{ message: { content: "Good day." }, finish_reason: "length" }],
    usage: { prompt_tokens: 9, completion_tokens: 3 },
  });
  await renderView(<ChatConsole deployment={SPEAKS} />);
  const message = screen.getByLabelText("Message");
  await userEvent.type(message, "Hello");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("Good day.")).toBeVisible();
  expect(screen.getByText(/9 tokens read, 3 written; cut at the limit/)).toBeVisible();
  await userEvent.type(message, "Again{Control>}{Enter}{/Control}");
  const said = within(screen.getByRole("list", { name: "Conversation" }));
  expect(await said.findByText("Again")).toBeVisible();
  const first = { role: "user", content: "Hello" };
  const told = { role: "assistant", content: "Good day." };
  const path = "v1/chat/completions";
  expect(asked).toMatchObject([
    { path, body: { model: "assistant", messages: [first] } },
    { path, body: { messages: [first, told, { role: "user", content: "Again" }] } },
  ]);
  await userEvent.click(screen.getByRole("button", { name: "Start over" }));
  expect(screen.queryByText("Good day.")).toBeNull();
});

test("a refusal says why and keeps the message", async () => {
  speaking(400, { detail: "The context has 512 tokens." });
  await renderView(<ChatConsole deployment={SPEAKS} />);
  await userEvent.type(screen.getByLabelText("Message"), "Hello");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("The context has 512 tokens.")).toBeVisible();
  expect(screen.getByLabelText("Message")).toHaveValue("Hello");
});

test("a language model's API shows a chat, OpenAI's client and no form of columns", async () => {
  answers("get", AT, SPEAKS);
  const example = { model: "assistant", messages: [{ role: "user", content: "Hi" }] };
  const content = { "application/json": { example } };
  const chat = { post: { summary: "Continue a conversation.", requestBody: { content } } };
  answers("get", `${AT}/api`, { paths: { "/v1/chat/completions": chat } });
  await renderView(<ApiTab id={DEPLOYMENT} />);
  expect(await screen.findByText(/curl -X POST .*\/v1\/chat\/completions/)).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "Python" }));
  expect(await screen.findByText(/from openai import OpenAI/)).toBeVisible();
  expect(screen.getByLabelText("Message")).toBeVisible();
  expect(tabsOf("served", true)).not.toContain("drift");
});

test("tokens are shown in sum, by key and by version; for other models nothing is", async () => {
  const sums = { calls: 2, prompt: 300, completion: 40 };
  answers("get", `${AT}/tokens`, {
    window: "24h",
    step_seconds: 60,
    ever: { calls: 5, prompt: 1000, completion: 234 },
    total: sums,
    per_minute: 68,
    points: [{ at: "2026-11-21T08:00:00Z", ...sums }],
    by_version: [{ version: 4, ...sums }],
    by_key: [{ key_id: "a", name: null, ...sums }],
  });
  answers("get", AT, SPEAKS);
  await renderView(<TokensPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("1,234")).toBeVisible();
  expect(screen.getByText("a revoked key")).toBeVisible();
  expect(screen.getByText("Version 4")).toBeVisible();
});
