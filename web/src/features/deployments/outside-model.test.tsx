import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { aDeployment } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { OutsideModel } from "./outside-model";
import { ReportingPanel } from "./reporting-panel";
import { tabsOf } from "./tab-names";

const PATH = "/api/v1/deployments/reported";

test("an outside model is watched with its name and place; a refusal stays in the dialog", async () => {
  refuses("post", PATH, 409, "deployments.name_taken", "The name is taken.");
  await renderView(<OutsideModel />);
  await userEvent.click(screen.getByRole("button", { name: "Add outside model" }));
  await userEvent.type(await screen.findByRole("textbox", { name: /Model/ }), "risk");
  await userEvent.type(screen.getByRole("textbox", { name: /Served by/ }), "EC2");
  await userEvent.click(screen.getByRole("button", { name: "Watch it" }));
  expect(await screen.findByText("The name is taken.")).toBeVisible();

  const sent = answers("post", PATH, aDeployment({ kind: "reported" }), 201);
  await userEvent.click(screen.getByRole("button", { name: "Watch it" }));
  await expect
    .poll(() => sent)
    .toEqual([
      {
        model_name: "risk",
        environment: "production",
        version: 1,
        inputs: [],
        served_by: "EC2",
      },
    ]);
});

test("its page shows how rows are reported, and no tabs of a server", async () => {
  answers("get", "/api/v1/deployments/d1", aDeployment({ id: "d1", kind: "reported" }));
  await renderView(<ReportingPanel id="d1" />);
  expect(await screen.findByText(/client\.deployments\.report\(/)).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "curl" }));
  expect(screen.getByText(/deployments\/d1\/reports/)).toBeVisible();
  expect(tabsOf("reported")).not.toContain("keys");
  expect(tabsOf("served")).toContain("keys");
});
