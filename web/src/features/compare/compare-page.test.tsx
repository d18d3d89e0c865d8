import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { answers, refuses, server } from "@/test/server";
import { aRun } from "./a-run";
import { ComparePage } from "./compare-page";
import { type CompareView, viewOf } from "./view";

const AT = "2026-11-21T08:00:00Z";
const curve = (...values: number[]) => ({
  key: "loss",
  total_points: values.length,
  points: values.map((value, step) => ({ step, at: AT, value })),
});

beforeEach(() => {
  const latest = { key: "loss", is_nan: false, step: 2, at: AT };
  const changes = [
    ["a", { params: { lr: "1", seed: "7" }, metrics: { loss: 0.5 } }],
    ["b", { params: { lr: "2", seed: "7" }, metrics: { loss: 0.3 } }],
  ] as const;
  for (const [id, change] of changes) {
    const latest_metrics = [{ ...latest, value: change.metrics.loss }];
    answers("get", `/api/v1/runs/${id}`, aRun(id, { ...change, latest_metrics }));
    answers("get", `/api/v1/runs/${id}/metrics`, curve(0.9, 0.2, change.metrics.loss));
    answers("get", `/api/v1/runs/${id}/artifacts`, [
      { path: "notes.txt", is_dir: false, size_bytes: 3, sha256: id.repeat(64) },
    ]);
    answers("get", `/api/v1/runs/${id}/artifacts/content`, `notes of ${id}`);
  }
});

const show = async (change: Partial<CompareView> = {}, onView = vi.fn()) => {
  const view = { ...viewOf({ runs: "a,b" }), ...change };
  await renderView(<ComparePage view={view} onView={onView} />);
  return { view, onView };
};
const table = () => screen.findByRole("table", { name: "Differences between runs" });

test("only what differs is shown, with the difference to the baseline and the best of the curve", async () => {
  await show();
  const rows = within(await table());
  expect(rows.getByRole("row", { name: /lr/ })).toHaveTextContent(
    "lr12, differs from the baseline",
  );
  expect(rows.queryByRole("row", { name: /seed/ })).toBeNull();
  expect(rows.getByRole("row", { name: /^loss 0.5/ })).toHaveTextContent("▼ −0.2 better");
});

test("rows that are alike are shown when asked for", async () => {
  await show({ all: true });
  const rows = within(await table());
  expect(rows.getByRole("row", { name: "seed 7 7" })).toBeVisible();
  expect(await rows.findByRole("row", { name: "loss (lowest) 0.2 0.2" })).toBeVisible();
});

test("another run can be made the baseline; it then stands first", async () => {
  const { view, onView } = await show();
  await table();
  await userEvent.click(screen.getByRole("button", { name: "Make run b the baseline" }));
  expect(onView).toHaveBeenCalledWith({ ...view, base: "b" });
});

test("a pinned baseline stands before the other runs", async () => {
  await show({ base: "b" });
  const heads = within(await table()).getAllByRole("columnheader");
  expect(heads.map((head) => head.textContent?.slice(0, 5))).toEqual(["Name", "run b", "run a"]);
});

test("a file opens side by side, and unlike bytes are told", async () => {
  await show();
  await userEvent.click(await screen.findByRole("button", { name: /notes.txt/ }));
  const both = await screen.findByRole("region", { name: "notes.txt side by side" });
  expect(await within(both).findByText(/notes of a/)).toBeVisible();
  expect(await within(both).findByText(/notes of b/)).toBeVisible();
});

test("narrowing an axis by keyboard leaves runs out, and the rest can be compared alone", async () => {
  const { onView, view } = await show({ runs: ["a", "b"] });
  const axis = await screen.findByRole("combobox", { name: "Axis to change" });
  await userEvent.click(axis);
  await userEvent.click(await screen.findByRole("option", { name: "lr" }));
  screen.getByRole("slider", { name: "Lowest lr" }).focus();
  await userEvent.keyboard("{ArrowRight}");
  expect(await screen.findByText(/1 of 2 runs cross the range/)).toBeVisible();
  expect(onView).not.toHaveBeenCalledWith({ ...view, runs: ["b"] });
});

test("an axis is turned, and dots show two of the axes against each other", async () => {
  const { onView, view } = await show();
  await userEvent.click(await screen.findByRole("combobox", { name: "Axis to change" }));
  await userEvent.click(await screen.findByRole("option", { name: "lr" }));
  await userEvent.click(screen.getByRole("switch", { name: "Upside down" }));
  expect(onView).toHaveBeenCalledWith({ ...view, flipped: ["params.lr"] });
  expect(screen.getByRole("figure", { name: "loss over lr" })).toBeVisible();
});

test("packages of the logged models are compared", async () => {
  for (const [id, version] of [
    ["a", "1.8"],
    ["b", "1.9"],
  ]) {
    const folder = (path: string, is_dir: boolean) => ({ path, is_dir, size_bytes: 9, sha256: id });
    server.use(
      http.get(`*/api/v1/runs/${id}/artifacts`, ({ request }) => {
        const inside = new URL(request.url).searchParams.get("path");
        return HttpResponse.json(
          inside ? [folder("model/requirements.txt", false)] : [folder("model", true)],
        );
      }),
    );
    server.use(
      http.get(`*/api/v1/runs/${id}/artifacts/content`, () =>
        HttpResponse.text(`numpy==2.4\nscikit-learn==${version}\n`),
      ),
    );
  }
  await show();
  const rows = within(await screen.findByRole("table", { name: "Environments of the runs" }));
  expect(rows.getByRole("row", { name: /scikit-learn 1.8 1.9/ })).toBeVisible();
  expect(rows.queryByRole("row", { name: /numpy/ })).toBeNull();
});

test("a run that is gone is named, and the others are still compared", async () => {
  refuses("get", "/api/v1/runs/gone", 404, "tracking.run_missing", "There is no such run.");
  const { view, onView } = await show({ runs: ["a", "gone", "b"] });
  await table();
  expect(screen.getByText("2 of 3 runs could be read")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Leave them out" }));
  expect(onView).toHaveBeenCalledWith({ ...view, runs: ["a", "b"] });
});

test("when no run can be read, the server's refusal is shown", async () => {
  for (const id of ["x", "y"])
    refuses("get", `/api/v1/runs/${id}`, 403, "kernel.forbidden", "You may not read runs.");
  await show({ runs: ["x", "y"] });
  expect(await screen.findByRole("alert")).toHaveTextContent("You may not read runs.");
});

test("one run is too few, and the way to more is given", async () => {
  await show({ runs: ["a"] });
  expect(await screen.findByText("Choose two runs to compare")).toBeVisible();
  const way = screen.getByRole("link", { name: "Open experiments" });
  expect(way).toHaveAttribute("href", "/w/team/experiments");
});

test("runs that are alike say so", async () => {
  answers(
    "get",
    "/api/v1/runs/b",
    aRun("b", { params: { lr: "1", seed: "7" }, metrics: { loss: 0.5 } }),
  );
  await show();
  expect(await screen.findByText("These runs do not differ")).toBeVisible();
});
