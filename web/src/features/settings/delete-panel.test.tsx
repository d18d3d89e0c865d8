import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { ana, renderView } from "@/test/render";
import { answers } from "@/test/server";
import { DeletePanel } from "./delete-panel";

const two = {
  ...ana,
  workspaces: [...ana.workspaces, { ...ana.workspaces[0], id: 2, slug: "lab", name: "Lab" }],
} as typeof ana;

test("what goes with the workspace is counted, and its address must be typed", async () => {
  answers("get", "/api/v1/workspace/content", { held: { experiments: 2, runs: 1200 } });
  const sent = answers("delete", "/api/v1/workspace", null, 204);
  const [went, here] = [vi.fn(), window.location];
  vi.stubGlobal("location", { ...window.location, assign: went });
  await renderView(<DeletePanel ws="team" />, { me: two });
  await userEvent.click(screen.getByRole("button", { name: "Delete workspace" }));
  expect(await screen.findByText(/2 experiments, 1,200 runs go with it/)).toBeVisible();
  const confirm = screen.getAllByRole("button", { name: "Delete workspace" }).at(-1);
  expect(confirm).toBeDisabled();
  await userEvent.type(screen.getByLabelText("Type team to confirm"), "team");
  await userEvent.click(confirm ?? document.body);
  await vi.waitFor(() => expect(went).toHaveBeenCalledWith("/"));
  expect(sent).toHaveLength(1);
  vi.stubGlobal("location", here);
});

test("the only workspace cannot be deleted", async () => {
  await renderView(<DeletePanel ws="team" />);
  expect(screen.getByRole("button", { name: "Delete workspace" })).toBeDisabled();
  expect(screen.getByText(/your only workspace/)).toBeVisible();
});

test("whoever may not delete it sees nothing", async () => {
  await renderView(<DeletePanel ws="team" />, { me: { ...two, permissions: [] } });
  expect(screen.queryByText("Delete workspace")).toBeNull();
});
