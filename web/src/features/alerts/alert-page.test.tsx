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
  answers("get", "/api/v1/alerts/a-1/slices", {
    since: "2026-11-26T08:00:00Z",
    until: "2026-11-27T08:00:00Z",
    task: "classification",
    rows: 600,
    loss: 0.25,
    reason: null,
    slices: [
      {
        feature: "city",
        label: "Bern",
        condition: "\"city\" = 'Bern'",
        rows: 200,
        loss: 0.75,
        loss_elsewhere: 0,
        excess: 150,
        p_value: 0,
        q_value: 0,
        explain: "city Bern: 75.0% wrong on 200 rows, 0.0% elsewhere.",
      },
    ],
  });
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

test("the worst slice is shown, and traffic is shifted after a look at both sides", async () => {
  investigated();
  const side = { requests: 600, p95_ms: 12 };
  answers("get", "/api/v1/alerts/a-1/shift", {
    sides: [
      { role: "live", revision: 2, version: 2, weight: 100, error_rate: 0.5, ...side },
      { role: "other", revision: 1, version: 1, weight: 0, error_rate: 0.01, ...side },
    ],
    is_shared: false,
    calls_per_minute: 40,
    reason: null,
  });
  const sent = answers("post", "/api/v1/alerts/a-1/shift", anAlert(), 202);
  await renderView(<AlertPage id="a-1" />);
  const slices = await screen.findByRole("table", { name: "Worst slices" });
  expect(slices).toHaveTextContent("city Bern20075 %0 %");
  await userEvent.click(screen.getByRole("button", { name: "Shift traffic" }));
  expect(await screen.findByText(/About 20 of 40 calls a minute/)).toBeVisible();
  expect(screen.getByRole("row", { name: /2, version 2, live 100 % 600 50 %/ })).toBeVisible();
  const share = screen.getByRole("textbox", { name: "Version 1, %" });
  await userEvent.clear(share);
  await userEvent.type(share, "30");
  await userEvent.click(screen.getByRole("button", { name: "Send 30 % to version 1" }));
  await expect.poll(() => sent).toEqual([{ revision: 1, percent: 30, reason: null }]);
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
