import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { LogsTab } from "./logs-tab";

test("lines are found by a part of them, and what is left can be kept as a file", async () => {
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/logs`, {
    lines: ["ready", "Warning: slow", "answered"],
  });
  await renderView(<LogsTab id={DEPLOYMENT} />);
  await userEvent.type(
    await screen.findByRole("searchbox", { name: "Lines that contain" }),
    "SLOW",
  );
  expect(screen.getByText("1 of the last 3 lines")).toBeVisible();
  expect(screen.queryByText(/answered/)).toBeNull();
  expect(screen.getByRole("button", { name: "Download" })).toBeEnabled();
  await userEvent.type(screen.getByRole("searchbox"), "er");
  expect(screen.getByText("No line contains “SLOWer”")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Show all lines" }));
  expect(screen.getByText(/answered/)).toBeVisible();
});

test("levels can be left out; lines without one stay under other", async () => {
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/logs`, {
    lines: ["ready", "WARNING:root:slow", "ValueError: boom"],
  });
  await renderView(<LogsTab id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("checkbox", { name: "Other" }));
  expect(screen.getByText("2 of the last 3 lines")).toBeVisible();
  expect(screen.queryByText(/ready/)).toBeNull();
  expect(screen.queryByRole("checkbox", { name: "Debug" })).toBeNull();
  await userEvent.click(screen.getByRole("checkbox", { name: "Warnings" }));
  expect(screen.getByText("ValueError: boom")).toBeVisible();
  await userEvent.click(screen.getByRole("checkbox", { name: "Errors" }));
  await userEvent.click(await screen.findByRole("button", { name: "Show all lines" }));
  expect(screen.getByText(/ready/)).toBeVisible();
});

test("followed lines stay at their end, until somebody scrolls back", async () => {
  const box = vi.spyOn(HTMLElement.prototype, "scrollHeight", "get").mockReturnValue(500);
  const path = `/api/v1/deployments/${DEPLOYMENT}/logs`;
  answers("get", path, { lines: ["first"] });
  await renderView(<LogsTab id={DEPLOYMENT} />);
  const shown = (await screen.findByText("first")).closest("pre");
  expect(shown?.scrollTop).toBe(500);
  if (shown) shown.scrollTop = 0;
  fireEvent.scroll(shown ?? document.body);
  answers("get", path, { lines: ["first", "second"] });
  await screen.findByText(/second/, {}, { timeout: 8_000 });
  expect(shown?.scrollTop).toBe(0);
  box.mockRestore();
});
