import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT, page } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses, server } from "@/test/server";
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

beforeEach(() => {
  answers("get", "/api/v1/deployments", page([]));
  answers("get", "/api/v1/environments", []);
});

const event = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`;
const USAGE = { choices: [], usage: { prompt_tokens: 9, completion_tokens: 3 } };

/** Streams an answer of a chat, with a wait before its end; gives what was asked. */
function speaking(wait: Promise<void> = Promise.resolve()): unknown[] {
  const asked: unknown[] = [];
  server.use(
    http.post(`*${AT}/try/stream`, async ({ request }) => {
      asked.push(await request.json());
      const said = new ReadableStream({
        async start(control) {
          const put = (text: string) => control.enqueue(new TextEncoder().encode(text));
          put(event("Good "));
          await wait;
          put(`${event("day.", "length")}data: ${JSON.stringify(USAGE)}\n\ndata: [DONE]\n\n`);
          control.close();
        },
      });
      const headers = { "Content-Type": "text/event-stream", "X-Model-Version": "4" };
      return new HttpResponse(said, { headers });
    }),
  );
  return asked;
}

test("an answer is shown as it comes, and every turn is sent with all that was said before", async () => {
  let go = () => {};
  const asked = speaking(
    new Promise((resolve) => {
      go = resolve;
    }),
  );
  await renderView(<ChatConsole deployment={SPEAKS} />);
  const message = screen.getByLabelText("Message");
  await userEvent.type(message, "Hello");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("Good")).toBeVisible();
  expect(screen.getByRole("button", { name: "Stop" })).toBeVisible();
  go();
  expect(await screen.findByText("Good day.")).toBeVisible();
  expect(
    await screen.findByText(/9 tokens read, 3 written; cut at the limit; version 4/),
  ).toBeVisible();
  await userEvent.type(message, "Again{Control>}{Enter}{/Control}");
  const said = within(screen.getByRole("list", { name: "Conversation" }));
  expect(await said.findByText("Again")).toBeVisible();
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  const first = { role: "user", content: "Hello" };
  const told = { role: "assistant", content: "Good day." };
  const path = "v1/chat/completions";
  expect(asked).toMatchObject([
    { path, body: { model: "assistant", messages: [first], stream: true } },
    { path, body: { messages: [first, told, { role: "user", content: "Again" }] } },
  ]);
  await userEvent.click(await screen.findByRole("button", { name: "Start over" }));
  expect(screen.queryByText("Good day.")).toBeNull();
  expect(message).toHaveFocus();
});

test("what was written stays when somebody stops it", async () => {
  speaking(new Promise(() => {}));
  await renderView(<ChatConsole deployment={SPEAKS} />);
  await userEvent.type(screen.getByLabelText("Message"), "Hello");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("Good")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Stop" }));
  expect(await screen.findByText(/stopped/)).toBeVisible();
  expect(screen.getByLabelText("Message")).toHaveFocus();
  expect(screen.getByText("Good")).toBeVisible();
});

test("a refusal says why and keeps the message", async () => {
  const detail = "The context has 512 tokens.";
  refuses("post", `${AT}/try/stream`, 400, "inference.too_long", detail);
  await renderView(<ChatConsole deployment={SPEAKS} />);
  await userEvent.type(screen.getByLabelText("Message"), "Hello");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText(detail)).toBeVisible();
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
