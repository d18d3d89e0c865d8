import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { SetupPage } from "./setup";

const nothing = () => undefined;

test("the first owner, organisation and workspace are created with the link's token", async () => {
  answers("get", "/api/v1/setup", { needs_owner: true });
  const sent = answers("post", "/api/v1/setup", ana, 201);
  const entered = vi.fn();
  await renderView(<SetupPage token="once" onEntered={entered} />, { me: null, at: "/setup" });
  const texts = {
    "Your name": "Ana",
    "E-mail": "ana@example.com",
    Password: "long enough 1",
    Organisation: "Example",
    Workspace: "Fraud",
  };
  for (const [label, text] of Object.entries(texts))
    await userEvent.type(await screen.findByLabelText(label), text);
  await userEvent.click(screen.getByRole("button", { name: "Create owner" }));
  await waitFor(() => expect(entered).toHaveBeenCalled());
  expect(sent[0]).toMatchObject({
    token: "once",
    email: "ana@example.com",
    workspace_name: "Fraud",
  });
});

test("a spent link leads to signing in", async () => {
  answers("get", "/api/v1/setup", { needs_owner: false });
  await renderView(<SetupPage token="once" onEntered={nothing} />, { me: null, at: "/setup" });
  expect(await screen.findByRole("link", { name: "Sign in" })).toHaveAttribute("href", "/sign-in");
});

test("a server that cannot answer shows its refusal and a way to retry", async () => {
  refuses("get", "/api/v1/setup", 503, "kernel.unavailable", "The database does not answer.");
  vi.spyOn(console, "error").mockImplementation(nothing);
  await renderView(<SetupPage token="once" onEntered={nothing} />, { me: null, at: "/setup" });
  expect(await screen.findByRole("alert")).toHaveTextContent("The database does not answer.");
  expect(screen.getByRole("button", { name: "Retry" })).toBeVisible();
});
