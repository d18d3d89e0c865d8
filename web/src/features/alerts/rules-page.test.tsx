import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { NewRulePage } from "./new-rule-page";
import { RulesPage } from "./rules-page";

const AT = "2026-11-27T08:00:00Z";
const DEPLOYMENT = { id: "d-1", name: "churn", environment: "production" };
const PREVIEW = {
  since: "2026-10-28T08:00:00Z",
  until: AT,
  step_seconds: 300,
  fired: [{ since: "2026-11-01T08:00:00Z", until: "2026-11-01T09:00:00Z" }],
  firing_seconds: 3600,
  known_share: 0.9,
  sentence: "It would have fired once in 30 days.",
  points: [
    { at: "2026-11-01T08:00:00Z", value: 900, limit: 500 },
    { at: "2026-11-01T09:00:00Z", value: 100, limit: 500 },
  ],
};

function around() {
  answers("get", "/api/v1/deployments", { items: [DEPLOYMENT], next_cursor: null, total: null });
  answers("get", "/api/v1/channels", []);
  return answers("post", "/api/v1/alert-rules/preview", PREVIEW);
}

test("a rule is a sentence whose limit moves with the keys, tried on the past", async () => {
  const tried = around();
  const made = answers("post", "/api/v1/alert-rules", {}, 201);
  await renderView(<NewRulePage deployment="" />);
  expect(await screen.findByText("It would have fired once in 30 days.")).toBeVisible();
  const limit = screen.getByRole("slider", { name: "Limit" });
  expect(limit).toHaveAttribute("aria-valuetext", "500 ms");
  fireEvent.keyDown(limit, { key: "ArrowUp" });
  expect(screen.getByLabelText("Threshold")).toHaveValue("519 ms");
  await userEvent.click(screen.getByRole("button", { name: "Create rule" }));
  expect(tried[0]).toMatchObject({ deployment_id: "d-1", days: 30 });
  expect(made).toMatchObject([
    { deployment_id: "d-1", condition: { kind: "threshold", signal: "p95_ms", threshold: 519 } },
  ]);
});

test("an estimated metric is judged by day", async () => {
  around();
  const made = answers("post", "/api/v1/alert-rules", {}, 201);
  await renderView(<NewRulePage deployment="" />);
  await userEvent.click(await screen.findByRole("combobox", { name: "Signal" }));
  await userEvent.click(await screen.findByRole("option", { name: "estimated accuracy" }));
  expect(screen.getByLabelText("Threshold")).toHaveValue("0.8");
  expect(screen.queryByLabelText("Minutes")).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Create rule" }));
  const asked = { signal: "estimated_accuracy", direction: "below", threshold: 0.8 };
  expect(made).toMatchObject([
    { condition: { ...asked, kind: "threshold", window_minutes: 1440, least_requests: 30 } },
  ]);
});

test("rules say what they ask and what they saw last; quiet times can be added", async () => {
  around();
  answers("get", "/api/v1/alert-rules", [
    {
      id: "r-1",
      deployment_id: "d-1",
      deployment_name: "churn",
      environment: "production",
      name: "Calls fail",
      condition: { kind: "threshold", signal: "error_rate", threshold: 0.05, window_minutes: 5 },
      cause: "availability",
      severity: "critical",
      is_enabled: true,
      state: "firing",
      text: "Failed calls 30.0%.",
    },
  ]);
  answers("get", "/api/v1/silences", []);
  answers("get", "/api/v1/alert-policy", {
    group_wait_seconds: 30,
    repeat_minutes: 240,
    escalate_minutes: 30,
    escalation_channel_ids: [],
  });
  const silenced = answers("post", "/api/v1/silences", {}, 201);
  await renderView(<RulesPage />);
  expect(await screen.findByText("failed calls above 5 % over 5 min")).toBeVisible();
  expect(screen.getByText("Firing")).toBeVisible();
  await userEvent.click(await screen.findByRole("button", { name: "Add" }));
  await userEvent.type(await screen.findByLabelText("Reason"), "migration");
  await userEvent.click(screen.getByRole("button", { name: "Be quiet" }));
  expect(silenced).toMatchObject([{ deployment_id: null, repeats: "never", reason: "migration" }]);
});
