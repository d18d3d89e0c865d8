import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { SignInPage } from "./sign-in";

test("signing in sends what was typed and hands over the session", async () => {
  answers("get", "/api/v1/setup", { needs_owner: false });
  const sent = answers("post", "/api/v1/session", ana, 201);
  const entered = vi.fn();
  await renderView(<SignInPage onEntered={entered} />, { me: null, at: "/sign-in" });
  await userEvent.type(await screen.findByLabelText("E-mail"), "ana@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "a long enough one");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await vi.waitFor(() => expect(entered).toHaveBeenCalled());
  expect(sent).toEqual([{ email: "ana@example.com", password: "a long enough one" }]);
});

test("wrong credentials show what the server said", async () => {
  answers("get", "/api/v1/setup", { needs_owner: false });
  refuses(
    "post",
    "/api/v1/session",
    401,
    "identity.wrong_credentials",
    "E-mail or password is wrong.",
  );
  await renderView(<SignInPage onEntered={() => undefined} />, { me: null, at: "/sign-in" });
  await userEvent.type(await screen.findByLabelText("E-mail"), "ana@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "wrong");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("E-mail or password is wrong.");
});

test("a server without an owner points at its one-time link", async () => {
  answers("get", "/api/v1/setup", { needs_owner: true });
  await renderView(<SignInPage onEntered={() => undefined} />, { me: null, at: "/sign-in" });
  expect(await screen.findByText("This server has no owner yet")).toBeVisible();
});
