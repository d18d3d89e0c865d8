import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { aDeployment, aModel, aRevision, DEPLOYMENT, MODEL } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { DeployVersion } from "./deploy-version";
import { RollBack } from "./roll-back";
import { GUARDS } from "./strategy-choice";
import { TrafficSplit } from "./traffic-split";
import { WhatAnswered } from "./what-answered";

const ONE = `/api/v1/deployments/${DEPLOYMENT}`;
const measured = {
  requests: 200,
  errors_4xx: 0,
  errors_5xx: 1,
  p95_ms: 12,
  drift: null,
  crash: null,
  silent_seconds: 12,
  silent_calls: 4,
};
const canary = aRevision({
  number: 2,
  version: 2,
  status: "shifting",
  strategy: { kind: "canary", percent: 10, bake_seconds: 300, tolerance: 0.01, guards: GUARDS },
  shift: {
    step: 0,
    since: "2026-11-21T08:00:00Z",
    is_followed: true,
    checked_at: "2026-11-21T08:01:00Z",
    new: measured,
    old: { ...measured, requests: 1800, errors_5xx: 0, silent_calls: 0 },
    breach: null,
  },
});
const shared = aDeployment({
  latest_revision: canary,
  weights: [
    { revision: 1, weight: 90 },
    { revision: 2, weight: 10 },
  ],
});

test("a canary shows what its guards measure and its share can be set", async () => {
  answers("get", ONE, shared);
  const sent = answers("put", `${ONE}/traffic`, shared);
  await renderView(<TrafficSplit id={DEPLOYMENT} />);
  const guards = within(await screen.findByRole("table", { name: "Guards" }));
  expect(guards.getByRole("row", { name: /Failed \(5xx\) 0.5 % 0 % up to 2 %/ })).toBeVisible();
  expect(
    guards.getByRole("row", { name: /without any answer 4 for 12 s none up to/ }),
  ).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "25 %" }));
  await userEvent.click(screen.getByRole("button", { name: "Send 25 % to revision 2" }));
  const weights = [
    { revision: 1, weight: 75 },
    { revision: 2, weight: 25 },
  ];
  await vi.waitFor(() => expect(sent).toEqual([{ weights }]));
});

test("an old revision on standby says how long the instant way back lasts", async () => {
  answers("get", ONE, aDeployment({ standby_revision: 1, standby_until: "2026-11-21T08:05:00Z" }));
  await renderView(<TrafficSplit id={DEPLOYMENT} />);
  expect(await screen.findByRole("heading", { name: "Revision 1 stands by" })).toBeVisible();
});

test("production asks how, with guards on", async () => {
  answers("get", `/api/v1/models/${MODEL}`, aModel());
  const sent = answers("post", `${ONE}/revisions`, aRevision({ number: 2 }), 202);
  await renderView(
    <DeployVersion deployment={aDeployment({ environment: "production" })} version={2} />,
  );
  await userEvent.click(await screen.findByRole("button", { name: "Deploy version 2" }));
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.click(dialog.getByRole("button", { name: "Deploy version 2" }));
  const strategy = {
    kind: "blue_green",
    percent: 10,
    bake_seconds: 300,
    tolerance: 0.01,
    guards: GUARDS,
  };
  await vi.waitFor(() => expect(sent).toEqual([expect.objectContaining({ strategy })]));
});

test("other columns are said before going back anyway", async () => {
  const second = aRevision({ number: 2, version: 2 });
  await renderView(
    <RollBack
      deployment={aDeployment({ live_revision: second })}
      to={aRevision()}
      good={[aRevision()]}
    />,
  );
  await userEvent.click(await screen.findByRole("button", { name: "Roll back to v1" }));
  refuses("post", `${ONE}/rollback`, 409, "deployments.schema_differs", "Column y is needed.");
  await userEvent.click(screen.getByRole("button", { name: "Roll back" }));
  expect(await screen.findByText("Column y is needed.")).toBeVisible();
  const sent = answers("post", `${ONE}/rollback`, aRevision({ number: 3 }), 202);
  await userEvent.click(screen.getByRole("button", { name: "Roll back anyway" }));
  await vi.waitFor(() =>
    expect(sent).toEqual([expect.objectContaining({ accept_schema_change: true })]),
  );
});

test("what answered when is listed with shares and reasons", async () => {
  answers("get", `${ONE}/history`, [
    {
      environment: "production",
      deployment: "churn",
      revision: 2,
      model: "churn",
      version: 2,
      weight: 10,
      from_at: "2026-11-21T08:00:00Z",
      until_at: null,
      actor_name: "Ana Ruiz",
      reason: "Next step.",
    },
  ]);
  await renderView(<WhatAnswered id={DEPLOYMENT} />);
  const table = within(await screen.findByRole("table", { name: "What answered when" }));
  expect(table.getByText("10 %")).toBeVisible();
  expect(table.getByText("Next step.")).toBeVisible();
});
