import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { RateLimitsPage } from "./rate-limits-page";

const limit = {
  id: null,
  route_class: "auto_config",
  subject: "user",
  subject_id: null,
  per_minute: 10,
  burst: 10,
  updated_at: null,
  updated_by_name: null,
};
const own = {
  ...limit,
  id: "00000000-0000-4000-8000-0000000000aa",
  per_minute: 30,
  updated_at: "2026-11-21T08:00:00Z",
  updated_by_name: "Ana Ruiz",
};

test("limits are listed, raised and put back", async () => {
  answers("get", "/api/v1/rate-limits", {
    is_shared: false,
    has_redis: true,
    limits: [limit, own],
  });
  const set = answers("put", "/api/v1/rate-limits", own);
  const removed = answers("delete", `/api/v1/rate-limits/${own.id}`, undefined, 204);
  await renderView(<RateLimitsPage />);
  expect(await screen.findByText("Redis does not answer")).toBeVisible();
  const table = within(screen.getByRole("table", { name: "Rate limits" }));
  expect(table.getByText("Default")).toBeVisible();
  await userEvent.type(screen.getByRole("textbox", { name: "Requests a minute" }), "60");
  await userEvent.click(screen.getByRole("button", { name: "Set limit" }));
  const wanted = { route_class: "auto_config", subject: "user", per_minute: 60 };
  await vi.waitFor(() => expect(set).toEqual([wanted]));
  await userEvent.click(table.getByRole("button", { name: "Back to default" }));
  await vi.waitFor(() => expect(removed).toHaveLength(1));
});
