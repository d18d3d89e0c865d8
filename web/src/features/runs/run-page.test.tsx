import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { RunPage } from "./run-page";

const AT = "2026-11-21T08:00:00Z";
const RUN = "/api/v1/runs/r1";

const aRun: Shape<"RunOut"> = {
  id: "r1",
  experiment_id: "1",
  experiment_name: "breast-cancer",
  name: "first",
  status: "FINISHED",
  user_name: "Ana Ruiz",
  started_at: AT,
  ended_at: "2026-11-21T08:00:42Z",
  params: { C: "1.0" },
  metrics: { accuracy: 0.951 },
  tags: {},
  latest_metrics: [{ key: "accuracy", value: 0.951, is_nan: false, step: 0, at: AT }],
  datasets: [],
  registered_versions: [{ model_id: "m1", name: "breast-cancer", version: 2 }],
  source: { git_commit: "abc123" },
};
const files = [
  { path: "notes.txt", is_dir: false, size_bytes: 12, sha256: "ab".repeat(32) },
  { path: "model.bin", is_dir: false, size_bytes: 9e8, sha256: null },
  { path: "plot.png", is_dir: false, size_bytes: 9e8, sha256: null },
  { path: "rows.csv", is_dir: false, size_bytes: 9e8, sha256: null },
  { path: "report.html", is_dir: false, size_bytes: 90, sha256: null },
  { path: "facts.json", is_dir: false, size_bytes: 90, sha256: null },
];

beforeEach(() => {
  answers("get", RUN, aRun);
  answers("get", `${RUN}/artifacts`, files);
});

const show = (artifact = "", onArtifact = vi.fn()) =>
  renderView(<Page artifact={artifact} onArtifact={onArtifact} />);

function Page(of: { artifact: string; onArtifact: (path: string) => void }) {
  const [find, onFind] = useState("");
  return <RunPage id="r1" find={find} onFind={onFind} {...of} />;
}

test("a run shows what went in, what came out, and the version made of it", async () => {
  await show();
  expect(await screen.findByText("0.951")).toBeVisible();
  expect(screen.getByRole("row", { name: "C 1.0" })).toBeVisible();
  expect(screen.getByText(/took 42 s/)).toBeVisible();
  const version = screen.getByRole("link", { name: "breast-cancer version 2" });
  expect(version).toHaveAttribute("href", "/w/team/models/m1/v/2");
});

test("of many metrics and parameters those with a part of a name are shown", async () => {
  const many = Array.from({ length: 1_000 }, (_, n) => `loss/layer_${n}`);
  answers("get", RUN, {
    ...aRun,
    params: { "layer_77 size": "64", ...aRun.params },
    latest_metrics: many.map((key) => ({ key, value: 0.5, is_nan: false, step: 0, at: AT })),
  });
  await show();
  await userEvent.type(await screen.findByRole("textbox", { name: /Find a metric/ }), "LAYER_77");
  expect(await screen.findByText("Latest values of 11 of 1,000 metrics")).toBeVisible();
  expect(screen.getByText("1 of 2 parameters")).toBeVisible();
  expect(screen.queryByRole("row", { name: /layer_1 / })).toBeNull();
  expect(screen.getByRole("row", { name: /layer_77 0.5/ })).toBeVisible();
});

test("a text artifact is shown and can be downloaded", async () => {
  answers("get", `${RUN}/artifacts/content`, "remember");
  await show("notes.txt");
  expect(await screen.findByText(/remember/)).toBeVisible();
  const download = screen.getByRole("link", { name: "Download" });
  expect(download).toHaveAttribute(
    "href",
    expect.stringContaining("path=notes.txt&workspace=team"),
  );
});

test("choosing a file puts it in the address; a large one is not fetched", async () => {
  const onArtifact = vi.fn();
  await show("plot.png", onArtifact);
  expect(await screen.findByText(/Too large to show here/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /notes.txt/ }));
  expect(onArtifact).toHaveBeenCalledWith("notes.txt");
});

test("a run that is not there says so", async () => {
  refuses("get", RUN, 404, "tracking.run_missing", "There is no such run.");
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no such run.");
});

test("a table is read by the server, with types and pages", async () => {
  const page = {
    columns: [
      { name: "n", type: "int64", is_number: true },
      { name: "word", type: "string", is_number: false },
    ],
    rows: [["1", null]],
    offset: 0,
    total_rows: 1,
    hidden_columns: 0,
  };
  answers("get", `${RUN}/artifacts/table`, page);
  await show("rows.csv");
  expect(await screen.findByRole("columnheader", { name: "n int64" })).toBeVisible();
  expect(screen.getByText("Rows 1 to 1 of 1")).toBeVisible();
  expect(screen.getByRole("button", { name: "Next rows" })).toBeDisabled();
});

test("a table that cannot be read says why", async () => {
  refuses("get", `${RUN}/artifacts/table`, 422, "tracking.table_refused", "It is no table.");
  await show("rows.csv");
  expect(await screen.findByText("It is no table.")).toBeVisible();
});

test("HTML is framed from its own origin, in a sandbox without that of the page", async () => {
  const url = "http://127.0.0.1:1/content/token";
  answers("get", `${RUN}/artifacts/view`, { url, expires_at: AT });
  await show("report.html");
  const frame = await screen.findByTitle("Contents of report.html");
  expect(frame).toHaveAttribute("src", url);
  expect(frame).toHaveAttribute("sandbox", "allow-scripts");
});

test("JSON opens level by level", async () => {
  answers("get", `${RUN}/artifacts/content`, { a: { b: { c: 7 } } });
  await show("facts.json");
  await userEvent.click(await screen.findByRole("button", { name: /b: \{ 1 \}/ }));
  expect(await screen.findByText("7")).toBeVisible();
});
