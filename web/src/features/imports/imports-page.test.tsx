import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import type { Import } from "./api";
import { ImportsPage } from "./imports-page";

const halfway: Import = {
  id: "i1",
  kind: "mlflow",
  source: "mlflow.db",
  status: "failed",
  planned: { experiment: 2, run: 8 },
  done: { run: 3 },
  unchanged: { experiment: 2 },
  error: "1 could not be brought. First: run a: too long",
  started_at: "2026-11-27T08:00:00Z",
  heard_at: "2026-11-27T08:00:05Z",
  ended_at: "2026-11-27T08:00:05Z",
  started_by_name: "Ada",
};

test("an import says how far it came and what stopped it", async () => {
  answers("get", "/api/v1/imports", [halfway]);
  await renderView(<ImportsPage />);
  const row = await screen.findByRole("row", { name: /mlflow.db/ });
  expect(row).toHaveTextContent("5 of 10");
  expect(row).toHaveTextContent("run a: too long");
  expect(screen.getByRole("progressbar", { name: /5 of 10/ })).toHaveAttribute(
    "aria-valuenow",
    "50",
  );
});

test("without imports the page says how to start one, for each tool", async () => {
  answers("get", "/api/v1/imports", []);
  await renderView(<ImportsPage />);
  expect(await screen.findByText("Nothing was imported yet")).toBeVisible();
  await userEvent.click(screen.getByText("Neptune"));
  expect(screen.getByText(/modelyard import neptune/)).toBeVisible();
});

test("a refusal is shown with its reason", async () => {
  refuses("get", "/api/v1/imports", 503, "kernel.unavailable", "The database does not answer.");
  await renderView(<ImportsPage />);
  expect(await screen.findByText(/does not answer/)).toBeVisible();
});
