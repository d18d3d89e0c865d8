import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, DEPLOYMENT, page } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { DeploymentsPage } from "./deployments-page";

const ENVIRONMENTS = [
  { slug: "staging", name: "Try-out" },
  { slug: "production", name: "Production" },
];
const glance = {
  deployment_id: DEPLOYMENT,
  name: "breast-cancer",
  owner: "Grace",
  requests: 1_500,
  error_rate: 0.02,
  p95_ms: 12,
  drift: "drifting",
  drift_reason: "mean area moved",
};

beforeEach(() => {
  answers("get", "/api/v1/environments", ENVIRONMENTS);
  answers("get", "/api/v1/fleet", { rows: [glance] });
});

const show = (place = "all", onPlace = vi.fn()) =>
  renderView(<DeploymentsPage place={place} onPlace={onPlace} />);

test("each deployment links to its page and names its status and version", async () => {
  answers(
    "get",
    "/api/v1/deployments",
    page([aDeployment({ status: "degraded", status_reason: "It restarts." })]),
  );
  await show();
  const row = await screen.findByRole("row", { name: /breast-cancer/ });
  expect(row).toHaveTextContent("Degraded");
  expect(row).toHaveTextContent("v1");
  expect(await screen.findByRole("cell", { name: "Try-out" })).toBeVisible();
  await vi.waitFor(() => expect(row).toHaveTextContent(/1.5.?k.*2 %.*12.*Drift.*Grace/i));
  const [link] = screen.getAllByRole("link", { name: "breast-cancer" });
  expect(link).toHaveAttribute("href", `/w/team/deployments/${aDeployment().id}`);
});

test("cost is told where the environment has a price, and never made up", async () => {
  const cost = { amount: 12.5, currency: "EUR" };
  const priced = aDeployment({ id: "00000000-0000-4000-8000-00000000000e", name: "priced", cost });
  answers("get", "/api/v1/deployments", page([aDeployment(), priced]));
  await show();
  expect(await screen.findByRole("row", { name: /priced.*12\.5 EUR/ })).toBeVisible();
  expect(screen.getAllByText(/EUR/)).toHaveLength(1);
});

test("without deployments the way to the models is shown", async () => {
  answers("get", "/api/v1/deployments", page([]));
  await show();
  expect(await screen.findByRole("link", { name: "Go to models" })).toHaveAttribute(
    "href",
    "/w/team/models",
  );
});

test("an environment without deployments offers all of them", async () => {
  answers("get", "/api/v1/deployments", page([]));
  const onPlace = vi.fn();
  await show("production", onPlace);
  await userEvent.click(await screen.findByRole("button", { name: "Show all environments" }));
  expect(onPlace).toHaveBeenCalledWith("all");
});

test("the workspace's own environments are offered by their names", async () => {
  answers("get", "/api/v1/deployments", page([aDeployment()]));
  const onPlace = vi.fn();
  await show("all", onPlace);
  await userEvent.click(await screen.findByRole("radio", { name: "Try-out" }));
  expect(onPlace).toHaveBeenCalledWith("staging");
});

test("a refused list says why and can be tried again", async () => {
  refuses(
    "get",
    "/api/v1/deployments",
    403,
    "workspaces.not_allowed",
    "Your role does not include this.",
  );
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
  answers("get", "/api/v1/deployments", page([aDeployment()]));
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByRole("row", { name: /breast-cancer/ })).toBeVisible();
});
