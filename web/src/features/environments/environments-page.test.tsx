import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import type { Driver, Environment } from "./api";
import { EnvironmentsPage } from "./environments-page";
import { asText, asVariables } from "./variables";

const place = (slug: string, name: string, change: Partial<Environment> = {}): Environment => ({
  slug,
  name,
  rank: 0,
  variables: {},
  secrets: [],
  quota: { deployments: null, cpu: null, memory_gb: null },
  price: null,
  used: { deployments: 0, cpu: 0, memory_gb: 0 },
  policy: {
    needs_reason: false,
    needs_approval: false,
    promote_only: false,
    shadow_cap: 50,
    strategy: null,
    driver: null,
  },
  ...change,
});

const here: Driver = {
  name: "process",
  obstacle: null,
  is_standard: true,
  walls: "bwrap",
  missing_walls: [],
};

beforeEach(() => {
  answers("get", "/api/v1/serving/drivers", [here]);
  answers("get", "/api/v1/environments", [
    place("staging", "Staging", { variables: { REGION: "eu-1" } }),
    place("production", "Production", {
      secrets: [{ name: "TOKEN", updated_at: "2026-11-21T08:00:00Z", updated_by_name: "Ana Ruiz" }],
    }),
  ]);
  answers("get", "/api/v1/environments/staging/differences", [
    { what: "variable REGION", left: "eu-1", right: null },
  ]);
});

test("an environment's name, variables and limits are changed together", async () => {
  const sent = answers("patch", "/api/v1/environments/staging", place("staging", "Pre-production"));
  await renderView(<EnvironmentsPage />);
  const [edit] = await screen.findAllByRole("button", { name: "Edit" });
  if (edit) await userEvent.click(edit);
  const name = screen.getByRole("textbox", { name: "Name", description: /keeps staging/ });
  await userEvent.clear(name);
  await userEvent.type(name, "Pre-production");
  await userEvent.type(screen.getByRole("textbox", { name: "Deployments at most" }), "5");
  await userEvent.type(screen.getByRole("textbox", { name: "Price of a core, an hour" }), "0.04");
  const currency = screen.getByRole("textbox", { name: "Currency" });
  await userEvent.clear(currency);
  await userEvent.type(currency, "usd");
  await userEvent.click(screen.getByRole("button", { name: "Save Staging" }));
  await vi.waitFor(() =>
    expect(sent).toEqual([
      {
        name: "Pre-production",
        variables: { REGION: "eu-1" },
        quota: { deployments: 5, cpu: null, memory_gb: null },
        price: { currency: "USD", cpu_hour: 0.04, gb_hour: 0, gpu_hour: 0 },
        policy: {
          needs_reason: false,
          needs_approval: false,
          promote_only: false,
          shadow_cap: 50,
          strategy: null,
          driver: null,
        },
      },
    ]),
  );
});

test("an environment's model servers are sent into containers; what is missing is said", async () => {
  answers("get", "/api/v1/serving/drivers", [
    here,
    { ...here, name: "docker", walls: null, is_standard: false },
  ]);
  const sent = answers("patch", "/api/v1/environments/staging", place("staging", "Staging"));
  await renderView(<EnvironmentsPage />);
  const [edit] = await screen.findAllByRole("button", { name: "Edit" });
  if (edit) await userEvent.click(edit);
  await screen.findByRole("option", { name: "as the installation is set: as sandboxed processes" });
  await userEvent.selectOptions(
    screen.getByRole("combobox", { name: "Model servers run" }),
    "in containers",
  );
  await userEvent.click(screen.getByRole("button", { name: "Save Staging" }));
  await vi.waitFor(() => expect(sent).toMatchObject([{ policy: { driver: "docker" } }]));
});

test("a driver that cannot be used says why", async () => {
  const reason = "No Docker engine is set; see MODELYARD_DOCKER_SOCKET.";
  answers("get", "/api/v1/serving/drivers", [
    here,
    { ...here, name: "docker", walls: null, obstacle: reason, is_standard: false },
  ]);
  await renderView(<EnvironmentsPage />);
  const [edit] = await screen.findAllByRole("button", { name: "Edit" });
  if (edit) await userEvent.click(edit);
  expect(await screen.findByText(new RegExp(`Not in containers: ${reason}`))).toBeVisible();
  expect(screen.getByRole("option", { name: "in containers" })).toBeDisabled();
});

test("walls that are missing are named with what a model could do", async () => {
  const missing = [{ name: "disk", risk: "it can fill the disk" }];
  answers("get", "/api/v1/serving/drivers", [
    { ...here, walls: "landlock", missing_walls: missing },
  ]);
  await renderView(<EnvironmentsPage />);
  const walls = within(await screen.findByRole("region", { name: "Walls around models" }));
  expect(walls.getByText(/Landlock/)).toBeVisible();
  expect(walls.getByRole("listitem")).toHaveTextContent("disk: it can fill the disk");
});

test("without any walls it says so, and who decides", async () => {
  const obstacle = "Model code would run without walls (no sandbox works here).";
  answers("get", "/api/v1/serving/drivers", [{ ...here, walls: "none", obstacle }]);
  await renderView(<EnvironmentsPage />);
  expect(await screen.findByText(/have no walls here/)).toBeVisible();
  expect(screen.getByText(obstacle)).toBeVisible();
});

test("a secret is written and only its name is shown", async () => {
  const sent = answers("put", "/api/v1/environments/production/secrets/API_KEY", undefined, 204);
  await renderView(<EnvironmentsPage />);
  const edit = (await screen.findAllByRole("button", { name: "Edit" }))[1];
  if (edit) await userEvent.click(edit);
  const secrets = within(screen.getByRole("region", { name: "Secrets of Production" }));
  expect(secrets.getByText("TOKEN")).toBeVisible();
  await userEvent.type(secrets.getByRole("textbox", { name: "Secret's name" }), "API_KEY");
  await userEvent.type(secrets.getByLabelText("Value"), "hunter2");
  await userEvent.click(secrets.getByRole("button", { name: "Save secret" }));
  await vi.waitFor(() => expect(sent).toEqual([{ value: "hunter2" }]));
  await vi.waitFor(() => expect(secrets.getByLabelText("Value")).toHaveValue(""));
});

test("differences are listed; who may only look changes nothing", async () => {
  await renderView(<EnvironmentsPage />, { me: { ...ana, permissions: ["deployments.read"] } });
  const table = within(await screen.findByRole("table", { name: "Differences" }));
  expect(table.getByText("variable REGION")).toBeVisible();
  expect(table.getByText("Not set")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
});

test("variables keep what stands after the first equals sign", () => {
  expect(asVariables("A=1\n\n B = x=y \nC")).toEqual({ A: "1", B: "x=y", C: "" });
  expect(asText({ A: "1", B: "x=y" })).toBe("A=1\nB=x=y");
});
