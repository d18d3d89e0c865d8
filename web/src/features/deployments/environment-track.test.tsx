import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { aDeployment, DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { EnvironmentTrack } from "./environment-track";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const stage = (change: Partial<Shape<"StageOut">>): Shape<"StageOut"> => ({
  environment: "staging",
  name: "Staging",
  deployment_id: DEPLOYMENT,
  status: "ready",
  version: 2,
  revision: 4,
  weight: 100,
  since: "2026-11-21T08:00:00Z",
  by: "Ana Ruiz",
  promoted_from: null,
  next_environment: "production",
  next_name: "Production",
  unmet: [],
  ...change,
});
const production = (change: Partial<Shape<"StageOut">> = {}) =>
  stage({
    environment: "production",
    name: "Production",
    deployment_id: null,
    status: null,
    version: null,
    revision: null,
    next_environment: null,
    next_name: null,
    ...change,
  });

test("promoting takes two clicks", async () => {
  answers("get", `${ONE}/track`, { stages: [stage({}), production()] });
  answers("get", "/api/v1/environments", []);
  const sent = answers("post", `${ONE}/promote`, aDeployment(), 202);
  await renderView(<EnvironmentTrack id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("button", { name: "Promote" }));
  await userEvent.click(await screen.findByRole("button", { name: "Promote to production" }));
  await vi.waitFor(() => expect(sent).toEqual([{ environment: "production" }]));
});

test("an environment that wants it is told who approved, and where", async () => {
  answers("get", `${ONE}/track`, { stages: [stage({}), production()] });
  answers("get", "/api/v1/environments", [
    { slug: "production", name: "Production", policy: { needs_approval: true } },
  ]);
  const sent = answers("post", `${ONE}/promote`, aDeployment(), 202);
  await renderView(<EnvironmentTrack id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("button", { name: "Promote" }));
  const by = await screen.findByRole("textbox", { name: /Approved by/ });
  await vi.waitFor(() => expect(by).toBeRequired());
  await userEvent.type(by, "Mia Park");
  const url = "https://tickets.example.org/CHG-7";
  await userEvent.type(screen.getByRole("textbox", { name: /Where it was approved/ }), url);
  await userEvent.click(screen.getByRole("button", { name: "Promote to production" }));
  const approval = { by: "Mia Park", url };
  await vi.waitFor(() => expect(sent).toEqual([{ environment: "production", approval }]));
});

test("what stands in the way is said instead of a button", async () => {
  const unmet = ["Production serves exactly this already."];
  answers("get", `${ONE}/track`, { stages: [stage({ unmet }), production({ version: 2 })] });
  await renderView(<EnvironmentTrack id={DEPLOYMENT} />);
  const before = within(await screen.findByRole("list", { name: "Before Production" }));
  expect(before.getByText(unmet[0] ?? "")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Promote" })).toBeNull();
});
