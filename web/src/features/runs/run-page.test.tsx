import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
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
];

beforeEach(() => {
  answers("get", RUN, aRun);
  answers("get", `${RUN}/artifacts`, files);
});

const show = (artifact = "", onArtifact = vi.fn()) =>
  renderView(<RunPage id="r1" artifact={artifact} onArtifact={onArtifact} />);

test("a run shows what went in, what came out, and the version made of it", async () => {
  await show();
  expect(await screen.findByText("0.951")).toBeVisible();
  expect(screen.getByRole("row", { name: "C 1.0" })).toBeVisible();
  expect(screen.getByText(/took 42 s/)).toBeVisible();
  const version = screen.getByRole("link", { name: "breast-cancer version 2" });
  expect(version).toHaveAttribute("href", "/w/team/models/m1/v/2");
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
  await show("model.bin", onArtifact);
  expect(await screen.findByText(/Too large to show here/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: /notes.txt/ }));
  expect(onArtifact).toHaveBeenCalledWith("notes.txt");
});

test("a run that is not there says so", async () => {
  refuses("get", RUN, 404, "tracking.run_missing", "There is no such run.");
  await show();
  expect(await screen.findByRole("alert")).toHaveTextContent("There is no such run.");
});
