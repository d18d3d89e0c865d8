import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { WatchingPanel } from "./watching-panel";

test("the rules that watch one deployment are listed, and a new one starts with it", async () => {
  answers("get", "/api/v1/alert-rules", [
    {
      id: "r-1",
      name: "No calls",
      environment: "staging",
      deployment_name: "churn",
      condition: { kind: "down" },
      severity: "critical",
      is_enabled: true,
      state: "ok",
      text: "Answers.",
    },
  ]);
  await renderView(<WatchingPanel id="d-1" />);
  const rule = await screen.findByRole("link", { name: "No calls" });
  expect(rule).toHaveAttribute("href", "/w/team/alert-rules/r-1");
  expect(screen.queryByText("staging/churn")).toBeNull();
  const add = screen.getByRole("link", { name: "New rule" });
  expect(add).toHaveAttribute("href", "/w/team/alert-rules/new?deployment=d-1");
});
