import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { ScalingPanel } from "./scaling-panel";

const AT = `/api/v1/deployments/${DEPLOYMENT}/scaling`;
const scaling = {
  min_replicas: 1,
  max_replicas: 3,
  target_concurrency: 4,
  idle_minutes: null,
  is_default: false,
  replicas: 2,
  is_asleep: false,
  memory_mb: 180.4,
  slept_seconds: 0,
  saved: null,
};

test("processes are told, and sleeping can be switched on", async () => {
  answers("get", AT, scaling);
  const sent = answers("put", AT, scaling);
  await renderView(<ScalingPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("2 processes, 180 MB")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  expect(screen.getByRole("textbox", { name: "At least" })).toHaveFocus();
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(screen.getByRole("button", { name: "Change" })).toHaveFocus();
  await userEvent.keyboard("{Enter}");
  await userEvent.click(screen.getByRole("switch", { name: /Sleep without calls/ }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  const body = { min_replicas: 0, max_replicas: 3, target_concurrency: 4, idle_minutes: 30 };
  await vi.waitFor(() => expect(sent).toEqual([body]));
});

test("what sleep saved is told where there is a price, and the default can be taken back", async () => {
  const saved = { amount: 0.42, currency: "EUR" };
  answers("get", AT, { ...scaling, slept_seconds: 12_000, saved });
  const sent = answers("delete", AT, { ...scaling, is_default: true });
  await renderView(<ScalingPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("3 h 20 min, which saved 0.42 EUR")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  await userEvent.click(screen.getByRole("button", { name: "As the environment has it" }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
});

test("what is asleep says so, and a refusal stays in sight", async () => {
  answers("get", AT, { ...scaling, min_replicas: 0, idle_minutes: 30, is_asleep: true });
  refuses("put", AT, 409, "deployments.no_capacity", "This machine has not the memory.");
  await renderView(<ScalingPanel id={DEPLOYMENT} />);
  expect(await screen.findByText("Asleep")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("This machine has not the memory.")).toBeVisible();
});
