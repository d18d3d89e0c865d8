import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers } from "@/test/server";
import { LoggingPanel } from "./logging-panel";

const PATH = "/api/v1/deployments/d1/capture";

test("the share of calls whose rows are kept is told and changed", async () => {
  const now = {
    rate: 1,
    retention_days: 30,
    entity_column: null,
    columns: [
      { name: "age", keep: "store", is_sensitive: false },
      { name: "email", keep: "count_only", is_sensitive: true },
    ],
  };
  answers("get", PATH, now);
  const sent = answers("put", PATH, { ...now, rate: 0.25 });
  await renderView(<LoggingPanel id="d1" />);
  expect(await screen.findByText("100 %")).toBeVisible();
  expect(screen.getByText("30 days")).toBeVisible();
  expect(screen.getByText("email")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Change what is kept" }));
  await screen.findByRole("dialog");
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Change what is kept" })).toHaveFocus();
  await userEvent.keyboard("{Enter}");
  const share = await screen.findByRole("textbox", { name: "Share of calls, %" });
  await userEvent.clear(share);
  await userEvent.type(share, "25");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByText("25 %")).toBeVisible();
  expect(sent).toMatchObject([{ rate: 0.25, retention_days: 30 }]);
});
