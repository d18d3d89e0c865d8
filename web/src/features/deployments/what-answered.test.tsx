import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Shape } from "@/api/types";
import { DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { WhatAnswered } from "./what-answered";

const period = (change: Partial<Shape<"PeriodOut">>): Shape<"PeriodOut"> => ({
  environment: "production",
  deployment: "churn",
  revision: 2,
  model: "churn",
  version: 2,
  weight: 100,
  from_at: "2026-11-21T08:00:00Z",
  until_at: null,
  actor_name: "Ana Ruiz",
  approval: null,
  reason: null,
  ...change,
});

test("who approved what answered is linked to where that is written", async () => {
  const url = "https://tickets.example.org/CHG-7";
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/history`, [
    period({ approval: { by: "Mia Park", url } }),
    period({ revision: 1, until_at: "2026-11-21T08:00:00Z" }),
  ]);
  await renderView(<WhatAnswered id={DEPLOYMENT} />);
  const table = await screen.findByRole("table", { name: "What answered when" });
  expect(within(table).getByRole("link", { name: "Mia Park" })).toHaveAttribute("href", url);
  expect(within(table).getAllByText("–")).toHaveLength(3);
});
