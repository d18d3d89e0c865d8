import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { makeQueryClient } from "@/api/query-client";
import { ana } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { theme } from "@/ui/theme";
import { routeTree } from "./tree";

const MODEL_ID = "01a21bd4-b961-81a7-832d-000000000021";

function open(address: string) {
  window.history.pushState({}, "", address);
  const queries = makeQueryClient(() => undefined);
  const router = createRouter({
    routeTree,
    context: { queries },
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return router;
}

test("a page asked for while signed out comes back after signing in", async () => {
  refuses("get", "/api/v1/session", 401, "identity.not_signed_in", "Sign in first.");
  answers("get", "/api/v1/setup", { needs_owner: false });
  const router = open("/w/team/settings/tokens");
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
  expect(router.state.location.search).toEqual({ next: "/w/team/settings/tokens" });
});

test("an address of another site is never followed after signing in", async () => {
  answers("get", "/api/v1/setup", { needs_owner: false });
  answers("post", "/api/v1/session", ana, 201);
  refuses("get", "/api/v1/home", 503, "kernel.unavailable", "Not in this test.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const router = open("/sign-in?next=//evil.example");
  await userEvent.type(await screen.findByLabelText("E-mail"), "ana@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "long enough 1");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/w/team/home"));
});

test("a workspace one is not in is said, with the way to one's own", async () => {
  answers("get", "/api/v1/session", ana);
  open("/w/other/home");
  expect(await screen.findByText("You are not in this workspace")).toBeVisible();
  expect(screen.getByRole("link", { name: "Go to Team" })).toHaveAttribute("href", "/w/team/home");
});

test("the address that MLflow prints after a run opens that run", async () => {
  answers("get", "/api/v1/session", ana);
  refuses("get", "/api/v1/runs/ab12", 404, "tracking.run_missing", "Run 'ab12' not found.");
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const router = open("/#/experiments/3/runs/ab12");
  await waitFor(() => expect(router.state.location.pathname).toBe("/w/team/runs/ab12"));
  expect(await screen.findByText("Run 'ab12' not found.")).toBeVisible();
});

test("a model's name in an address leads to its page, an unknown name to none", async () => {
  answers("get", "/api/v1/session", ana);
  const named = { id: MODEL_ID, name: "breast cancer" };
  answers("get", "/api/v1/models", { items: [named], next_cursor: null });
  const router = open("/w/team/models/breast%20cancer/v/2?tab=lineage");
  await waitFor(() =>
    expect(router.state.location.pathname).toBe(`/w/team/models/${MODEL_ID}/v/2`),
  );
  expect(router.state.location.searchStr).toBe("?tab=lineage");
  open("/w/team/models/nobody");
  expect(await screen.findByText("There is no page at this address")).toBeVisible();
});

test("an unknown address is said inside the product", async () => {
  open("/nowhere/at/all");
  expect(await screen.findByText("There is no page at this address")).toBeVisible();
});
