import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { aModel, page } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { BinPage } from "./bin-page";

const ITEM = {
  id: "b1",
  kind: "version",
  model_id: "m1",
  name: "churn",
  version: 3,
  versions: 1,
  size_bytes: 1_200,
  deleted_at: "2026-11-21T08:00:00Z",
  deleted_by_name: "Ben",
  purge_after: "2026-12-21T08:00:00Z",
};

test("what was deleted is brought back", async () => {
  answers("get", "/api/v1/bin", page([ITEM]));
  const sent = answers("post", "/api/v1/bin/b1/restore", aModel());
  const { router } = await renderView(<BinPage />);
  await userEvent.click(await screen.findByRole("button", { name: "Restore churn version 3" }));
  expect(sent).toHaveLength(1);
  expect(router.state.location.pathname).toContain("/models/");
});

test("a restoration that is refused says why", async () => {
  answers("get", "/api/v1/bin", page([ITEM]));
  refuses("post", "/api/v1/bin/b1/restore", 409, "registry.origin_missing", "Restore it first.");
  await renderView(<BinPage />);
  await userEvent.click(await screen.findByRole("button", { name: "Restore churn version 3" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Restore it first.");
});

test("removing for ever asks first, and needs the permission", async () => {
  answers("get", "/api/v1/bin", page([ITEM]));
  const sent = answers("delete", "/api/v1/bin/b1", undefined, 204);
  await renderView(<BinPage />);
  await userEvent.click(
    await screen.findByRole("button", { name: "Remove churn version 3 for ever" }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Remove for ever" }));
  expect(sent).toHaveLength(1);
});

test("who only reads brings nothing back; an empty bin says so", async () => {
  answers("get", "/api/v1/bin", page([]));
  await renderView(<BinPage />, { me: { ...ana, permissions: ["models.read"] } });
  expect(await screen.findByText("The bin is empty")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Restore/ })).toBeNull();
});
