import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { StatusPage } from "./status-page";

const day = (name: string, watched: number, down: number) => ({
  day: name,
  watched_seconds: watched,
  down_seconds: down,
});

const component = (name: string, down: number, is_up = true) => ({
  name,
  is_up,
  watched_since: "2026-11-19T00:00:00Z",
  availability: 1 - down / 172_800,
  down_seconds: down,
  days: [day("2026-11-18", 0, 0), day("2026-11-19", 86_400, down), day("2026-11-20", 86_400, 0)],
  outages:
    down > 0
      ? [
          {
            began_at: "2026-11-19T10:00:00Z",
            ended_at: is_up ? "2026-11-19T11:00:00Z" : null,
            reason: "The gateway does not answer (ConnectError).",
          },
        ]
      : [],
});

test("parts, their days, the budget and the outages", async () => {
  answers("get", "/api/v1/status", {
    objective: 0.999,
    budget_seconds: 2592,
    components: [component("predictions", 3600), component("database", 0.4)],
  });
  await renderView(<StatusPage />);
  expect(await screen.findByText("Predictions: the budget is spent")).toBeVisible();
  expect(screen.getByText("97.916 % of 2 days watched")).toBeVisible();
  expect(screen.getByText("99.999 % of 2 days watched")).toBeVisible();
  const bars = screen.getByRole("img", { name: "Predictions: 1 day of 3 with an outage" });
  expect(within(bars).getByTitle("2026-11-18: not watched")).toBeInTheDocument();
  expect(within(bars).getByTitle("2026-11-19: down 1 h 0 min")).toBeInTheDocument();
  const outages = within(screen.getByRole("table", { name: "Outages" }));
  expect(outages.getByRole("row", { name: /Predictions .* 1 h 0 min/ })).toBeVisible();
});

test("a part that is down says so", async () => {
  answers("get", "/api/v1/status", {
    objective: 0.999,
    budget_seconds: 2592,
    components: [component("predictions", 60, false)],
  });
  await renderView(<StatusPage />);
  expect(await screen.findByText("Down")).toBeVisible();
  expect(screen.getByRole("row", { name: /still/ })).toBeVisible();
});
