import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { StoragePage } from "./storage-page";

const COLLECTIONS = "/api/v1/storage/collections";
const DONE = {
  id: "c1",
  is_dry_run: true,
  is_scheduled: false,
  state: "done",
  started_by_name: "Ben",
  created_at: "2026-11-21T08:00:00Z",
  finished_at: "2026-11-21T08:00:02Z",
  error: null,
  removed_count: 0,
  removed_bytes: 0,
  expired_count: 0,
  report: {
    stored: { count: 4, size_bytes: 9_000 },
    due: { count: 1, size_bytes: 2_000 },
    waiting: { count: 1, size_bytes: 500 },
    expired_count: 1,
    expired_bytes: 300,
    expired: [{ kind: "run", name: "shy-owl-7", size_bytes: 300 }],
    items: [
      {
        sha256: "ab".repeat(32),
        size_bytes: 2_000,
        arrived_at: "2026-11-01T08:00:00Z",
        is_due: true,
        goes_after: "2026-11-02T08:00:00Z",
      },
    ],
  },
};
const STORAGE = {
  used_bytes: 12_000,
  quota_bytes: null,
  shares: [{ kind: "run", files: 3, size_bytes: 12_000 }],
  contents: 2,
  stored_bytes: 9_000,
  garbage: 2,
  garbage_bytes: 2_500,
  grace_hours: 24,
  collections: [DONE],
};

test("space is shown in figures, and a collection tells what it found", async () => {
  answers("get", "/api/v1/storage", STORAGE);
  await renderView(<StoragePage />);
  expect(await screen.findByText("2 contents that nothing holds")).toBeVisible();
  expect(screen.getByText("3 KB saved by sharing content")).toBeVisible();
  expect(
    screen.getByText(/Would remove 1 content \(2 KB\); 1 thing from the bins; 1 content/),
  ).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "What it found" }));
  expect(screen.getByText("run shy-owl-7")).toBeVisible();
  expect(screen.getByText("With the next collection")).toBeVisible();
});

test("a dry run starts at once; a collection asks first, and says why it is refused", async () => {
  answers("get", "/api/v1/storage", { ...STORAGE, collections: [] });
  const sent = answers("post", COLLECTIONS, DONE, 202);
  await renderView(<StoragePage />);
  await userEvent.click(await screen.findByRole("button", { name: "Dry run" }));
  await vi.waitFor(() => expect(sent).toEqual([{ dry_run: true }]));
  refuses("post", COLLECTIONS, 409, "artifacts.collection_running", "One is under way.");
  await userEvent.click(screen.getByRole("button", { name: "Collect now" }));
  const [, confirm] = await screen.findAllByRole("button", { name: "Collect now", hidden: true });
  await userEvent.click(confirm as HTMLElement);
  expect(await screen.findByText("One is under way.")).toBeVisible();
});

test("who may not collect sees the figures only; an empty store says so", async () => {
  answers("get", "/api/v1/storage", { ...STORAGE, shares: [], collections: [] });
  await renderView(<StoragePage />, { me: { ...ana, permissions: ["storage.read"] } });
  expect(await screen.findByText("Nothing is stored yet")).toBeVisible();
  expect(screen.getByText("No collection yet")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Dry run" })).toBeNull();
});
