import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { aDeployment, DEPLOYMENT, MODEL } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { TryConsole } from "./try-console";

const TRY = `/api/v1/deployments/${DEPLOYMENT}/try`;
const column = (name: string) => ({ name, dtype: "double", required: true, shape: null });

beforeEach(() => {
  answers("get", `/api/v1/models/${MODEL}/versions/1`, {
    inputs: [column("radius"), column("texture")],
    input_example: { columns: ["radius", "texture"], data: [[14.2, 15.6]] },
  });
});

const show = () => renderView(<TryConsole deployment={aDeployment()} version={1} />);

test("the form holds the example and sends what was changed", async () => {
  const body = { predictions: [1] };
  const answer = { status: 200, latency_ms: 4.2, headers: { "X-Model-Version": "1" }, body };
  const sent = answers("post", TRY, answer);
  await show();
  const radius = await screen.findByRole("textbox", { name: /radius/ });
  expect(radius).toHaveValue("14.2");
  await userEvent.clear(radius);
  await userEvent.type(radius, "9");
  await userEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(await screen.findByText("Answered by version 1")).toBeVisible();
  expect(screen.getByText("4.2 ms")).toBeVisible();
  expect(sent).toEqual([{ path: "predict", body: { rows: [{ radius: 9, texture: 15.6 }] } }]);
});

test("an answer that refuses the input is shown as it came", async () => {
  const body = {
    code: "invalid_input",
    fields: [{ row: 0, column: "radius", problem: "is missing" }],
  };
  answers("post", TRY, { status: 422, latency_ms: 1, headers: {}, body });
  await show();
  await userEvent.click(await screen.findByRole("button", { name: "Send" }));
  expect(await screen.findByText(/is missing/)).toBeVisible();
  expect(screen.getByText("422")).toBeVisible();
});

test("what is not JSON is not sent", async () => {
  const sent = answers("post", TRY, {});
  await show();
  await userEvent.click(await screen.findByRole("radio", { name: "JSON" }));
  const box = screen.getByRole("textbox", { name: "Body" });
  await userEvent.clear(box);
  await userEvent.type(box, "rows");
  expect(screen.getByRole("button", { name: "Send" })).toBeDisabled();
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await vi.waitFor(() => expect(screen.getByText("This is not valid JSON.")).toBeVisible());
  expect(sent).toEqual([]);
});
