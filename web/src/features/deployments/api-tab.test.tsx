import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { aDeployment, DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { ApiTab } from "./api-tab";

const AT = `/api/v1/deployments/${DEPLOYMENT}`;
const grpc = { address: "localhost:8082", model: "team/production/churn", python: "import grpc" };

test("where gRPC is spoken its address, the name there and code are shown", async () => {
  answers("get", AT, aDeployment());
  answers("get", `${AT}/api`, { paths: {}, "x-modelyard-grpc": grpc });
  await renderView(<ApiTab id={DEPLOYMENT} />);
  expect(await screen.findByText("gRPC localhost:8082")).toBeVisible();
  expect(screen.getByText("team/production/churn")).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "gRPC" }));
  expect(await screen.findByText(/import grpc/)).toBeVisible();
});

test("without gRPC nothing is said of it", async () => {
  answers("get", AT, aDeployment());
  answers("get", `${AT}/api`, { paths: {} });
  await renderView(<ApiTab id={DEPLOYMENT} />);
  expect(await screen.findByText(/curl -X POST/)).toBeVisible();
  expect(screen.queryByRole("radio", { name: "gRPC" })).toBeNull();
});
