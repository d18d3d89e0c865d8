import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { DEPLOYMENT } from "@/test/deployments";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { SafeguardsPanel } from "./safeguards-panel";

const AT = `/api/v1/deployments/${DEPLOYMENT}/safeguards`;
const NOW = "2026-11-27T08:00:00Z";
const unsure: Shape<"Safeguard"> = {
  name: "unsure",
  on: "answer",
  column: null,
  check: "confidence",
  minimum: 0.7,
  maximum: null,
  allowed: null,
  action: "flag",
  default: null,
};
const chosen = {
  version: 3,
  safeguards: [unsure],
  inputs: ["age", "city"],
  updated_at: NOW,
  updated_by_name: "Pat",
};
const none = { ...chosen, version: 0, safeguards: [] };
const nothing = {
  window: "24h",
  since: NOW,
  until: NOW,
  step_seconds: 3600,
  calls: 0,
  safeguards: [],
};
const counted = {
  ...nothing,
  calls: 200,
  safeguards: [
    {
      name: "unsure",
      asks: "the model is at least 70% sure",
      action: "flag",
      calls: 10,
      rows: 12,
      share: 0.05,
      examples: [{ prediction_id: "p-17", row: 2 }],
      points: [0, 4, 6],
    },
  ],
};

test("safeguards stand with what they held against", async () => {
  answers("get", AT, chosen);
  answers("get", `${AT}/held`, counted);
  await renderView(<SafeguardsPanel id={DEPLOYMENT} />);
  const row = within(await screen.findByRole("table", { name: "Safeguards" })).getByRole("row", {
    name: /unsure/,
  });
  expect(row).toHaveTextContent("the model is less than 70 % sure");
  expect(row).toHaveTextContent("10 (5 %)");
  expect(row).toHaveTextContent("p-17, row 2");
});

test("without safeguards the first one is added with a default value", async () => {
  answers("get", AT, none);
  answers("get", `${AT}/held`, nothing);
  const sent = answers("put", AT, chosen);
  await renderView(<SafeguardsPanel id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("button", { name: "Add a safeguard" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Smallest" }), "0");
  await userEvent.click(within(dialog).getByRole("combobox", { name: "Then" }));
  await userEvent.click(await screen.findByRole("option", { name: "Answer with a default value" }));
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Default value" }), "0.5");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toMatchObject({
    based_on: 0,
    safeguards: [{ name: "answer-range", check: "range", minimum: 0, default: 0.5 }],
  });
});

test("a safeguard is removed, and a refusal stays in sight", async () => {
  answers("get", AT, chosen);
  answers("get", `${AT}/held`, counted);
  refuses("put", AT, 409, "deployments.safeguards_moved", "Somebody changed the safeguards.");
  await renderView(<SafeguardsPanel id={DEPLOYMENT} />);
  await userEvent.click(await screen.findByRole("button", { name: "Change" }));
  await userEvent.click(await screen.findByRole("button", { name: "Remove" }));
  expect(await screen.findByText("Somebody changed the safeguards.")).toBeVisible();
});
