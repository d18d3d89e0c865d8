import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { AlertPage } from "./alert-page";
import { anAlert } from "./an-alert";

const NOTHING = { rule_id: null, name: "", unit: "rate", step_seconds: 0, points: [], marks: [] };

function investigated(changed = {}) {
  answers("get", "/api/v1/alerts/a-1", anAlert(changed));
  answers("get", "/api/v1/alerts/a-1/changes", [
    {
      at: "2026-11-27T07:50:00Z",
      kind: "deployment",
      title: "Another version was deployed version 2",
      detail: "By Ana.",
      size: 1,
      closeness: 0.98,
    },
  ]);
  answers("get", "/api/v1/alerts/a-1/signal", NOTHING);
  answers("get", "/api/v1/alerts/a-1/features", []);
  answers("get", "/api/v1/alerts/a-1/examples", []);
}

test("the cause is on the page, and two clicks roll back", async () => {
  investigated();
  const sent = answers("post", "/api/v1/alerts/a-1/roll-back", anAlert(), 202);
  await renderView(<AlertPage id="a-1" />);
  expect(await screen.findByText("Another version was deployed version 2")).toBeVisible();
  expect(screen.getByRole("img", { name: "Closeness 98 of 100" })).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Roll back to v1" }));
  await userEvent.click(await screen.findByRole("button", { name: "Roll back" }));
  expect(sent).toEqual([{ revision: 1, reason: null }]);
});

test("an alert that has ended shows its summary and nothing to do", async () => {
  investigated({
    resolved_at: "2026-11-27T09:00:00Z",
    resolved_by_name: "Modelyard",
    resolution: "acted",
    seconds_to_resolve: 3600,
    summary: "**Calls fail** on production/churn.",
  });
  await renderView(<AlertPage id="a-1" />);
  expect(await screen.findByText("Calls fail on production/churn.")).toBeVisible();
  expect(screen.getByText("Recovered after an action")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Roll back/ })).toBeNull();
});

test("a viewer reads the story and has nothing to press", async () => {
  investigated();
  await renderView(<AlertPage id="a-1" />, { me: { ...ana, permissions: ["alerts.read"] } });
  expect(await screen.findByRole("list", { name: "Story" })).toHaveTextContent("Calls fail.");
  expect(screen.queryByRole("button")).toBeNull();
});
