import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, aRevision, DEPLOYMENT, MODEL, page } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { ApiTab } from "./api-tab";

const OTHER = "00000000-0000-4000-8000-00000000000e";
const HERE = aDeployment({
  latest_revision: aRevision({ number: 2, version: 2, status: "shifting" }),
  weights: [
    { revision: 1, weight: 90 },
    { revision: 2, weight: 10 },
  ],
});
const THERE = aDeployment({ id: OTHER, environment: "production" });
const ANSWER = { status: 200, latency_ms: 1, headers: {}, body: {} };
const column = { name: "x", dtype: "double", required: true, shape: null };

beforeEach(() => {
  answers("get", `/api/v1/deployments/${DEPLOYMENT}`, HERE);
  answers("get", `/api/v1/deployments/${DEPLOYMENT}/api`, { paths: {} });
  answers("get", "/api/v1/deployments", page([HERE, THERE]));
  answers("get", "/api/v1/environments", [
    { slug: "staging", name: "Staging" },
    { slug: "production", name: "Production" },
  ]);
  for (const version of [1, 2])
    answers("get", `/api/v1/models/${MODEL}/versions/${version}`, { inputs: [column] });
});

const choose = async (what: string, option: string) => {
  await userEvent.click(await screen.findByRole("combobox", { name: what }));
  await userEvent.click(await screen.findByRole("option", { name: option }));
};
const send = async () => userEvent.click(await screen.findByRole("button", { name: "Send" }));

test("the console calls one of the versions that get traffic, or another environment", async () => {
  const sent = answers("post", `/api/v1/deployments/${DEPLOYMENT}/try`, ANSWER);
  await renderView(<ApiTab id={DEPLOYMENT} />);
  await choose("Version that answers", "Version 2");
  await send();
  const rows = [{ x: 0 }];
  await vi.waitFor(() => expect(sent).toEqual([{ path: "predict", version: 2, body: { rows } }]));
  const there = answers("post", `/api/v1/deployments/${OTHER}/try`, ANSWER);
  await choose("Environment", "Production");
  expect(screen.queryByRole("combobox", { name: "Version that answers" })).toBeNull();
  await send();
  await vi.waitFor(() => expect(there).toEqual([{ path: "predict", body: { rows } }]));
});
