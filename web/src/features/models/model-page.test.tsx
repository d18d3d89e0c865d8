import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Shape } from "@/api/types";
import { aModel, MODEL, page } from "@/test/deployments";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { DiffPage } from "./diff-page";
import { LineageTab } from "./lineage-tab";
import { ModelPage } from "./model-page";
import type { ModelTab } from "./tabs";

const HERE = `/api/v1/models/${MODEL}`;
const AT = "2026-11-21T08:00:00Z";

const aCard = (change: Partial<Shape<"CardOut">> = {}): Shape<"CardOut"> => ({
  text: "",
  body: "",
  front_matter: {},
  front_matter_problem: null,
  updated_at: null,
  parts: [
    { key: "purpose", title: "Purpose", hint: "Why.", is_written: false, is_automatic: false },
    { key: "metrics", title: "Metrics", hint: "How.", is_written: false, is_automatic: true },
  ],
  automatic: [],
  template: "## Purpose\n",
  ...change,
});

const show = (tab: ModelTab, change = {}, me = ana) => {
  answers("get", HERE, aModel(change));
  answers("get", `${HERE}/versions`, page([]));
  answers("get", "/api/v1/deployments", page([]));
  return renderView(
    <ModelPage id={MODEL} tab={tab} onDeploy={vi.fn()} discussion="talk" activity="past" />,
    { me },
  );
};

test("a card lists what is missing and where what is filled in comes from", async () => {
  const automatic = {
    key: "metrics",
    title: "Metrics",
    version: 3,
    run_id: "r1",
    run_name: "happy-run",
    at: AT,
    rows: [{ name: "auc", value: "0.93" }],
    total: 1,
  };
  answers("get", `${HERE}/card`, aCard({ automatic: [automatic] }));
  await show("card");
  expect(await screen.findByText("1 of 2 are there")).toBeVisible();
  expect(screen.getByText("To do")).toBeVisible();
  expect(screen.getByRole("link", { name: "version 3" })).toBeVisible();
  expect(screen.getByRole("link", { name: "happy-run" })).toBeVisible();
  expect(screen.getByText("0.93")).toBeVisible();
});

test("writing an empty card starts with the required headings", async () => {
  answers("get", `${HERE}/card`, aCard());
  const sent = answers("put", `${HERE}/card`, aCard());
  await show("card");
  await userEvent.click(await screen.findByRole("button", { name: "Write card" }));
  const field = screen.getByRole("textbox", { name: "Model card" });
  expect(field).toHaveValue("## Purpose\n");
  await userEvent.type(field, "Who leaves");
  await userEvent.click(screen.getByRole("button", { name: "Save card" }));
  expect(sent).toEqual([{ text: "## Purpose\nWho leaves" }]);
});

test("a protected alias cannot be moved without the permission", async () => {
  const may = ana.permissions.filter((one) => one !== "aliases.move_protected");
  const aliases = { production: 1, next: 2 };
  await show("versions", { aliases, latest_version: 2 }, { ...ana, permissions: may });
  const panel = await screen.findByRole("region", { name: "Aliases" });
  expect(within(panel).getByText("Protected")).toBeVisible();
  expect(within(panel).getByRole("link", { name: "version 1" })).toBeVisible();
  expect(within(panel).queryByRole("button", { name: "Remove alias production" })).toBeNull();
  expect(within(panel).getByRole("button", { name: "Remove alias next" })).toBeVisible();
});

test("an admin protects another alias", async () => {
  const sent = answers("put", "/api/v1/protected-aliases/champion", undefined, 204);
  await show("versions");
  await userEvent.type(
    await screen.findByRole("textbox", { name: "Alias to protect" }),
    "champion",
  );
  await userEvent.click(screen.getByRole("button", { name: "Protect alias" }));
  expect(sent).toHaveLength(1);
});

test("a model that nobody serves says so, other tabs show what others know", async () => {
  await show("deployments");
  expect(await screen.findByText("Nobody serves this model")).toBeVisible();
});

test("a card that is refused says why", async () => {
  refuses("get", `${HERE}/card`, 403, "workspaces.not_allowed", "Your role does not include this.");
  await show("card");
  expect(await screen.findByRole("alert")).toHaveTextContent("Your role does not include this.");
});

test("a comparison shows changes first and everything when asked", async () => {
  answers("get", HERE, aModel({ latest_version: 3 }));
  const rows = [
    { name: "rate", a: "0.1", b: "0.2", changed: true },
    { name: "seed", a: "7", b: "7", changed: false },
  ];
  answers("get", `${HERE}/diff`, {
    model_id: MODEL,
    model_name: "churn",
    a: 2,
    b: 3,
    groups: [{ key: "params", title: "Parameters", changed: 1, rows }],
  });
  await renderView(<DiffPage id={MODEL} a={2} b={3} />);
  const table = await screen.findByRole("table");
  expect(within(table).getByText("0.2")).toBeVisible();
  expect(screen.queryByText("seed")).toBeNull();
  await userEvent.click(screen.getByRole("radio", { name: "Everything" }));
  expect(screen.getByText("seed")).toBeVisible();
});

test("lineage is a list with links, and says what deleting would break", async () => {
  const node = (id: string, kind: string, depth: number, path: string | null = null) => ({
    id,
    kind,
    name: `${kind} ${id}`,
    detail: "",
    path,
    depth,
  });
  answers("get", `${HERE}/versions/1/lineage`, {
    root: "v",
    nodes: [
      node("d", "dataset", -2),
      node("r", "run", -1, "/runs/r"),
      node("v", "version", 0, "/models/m/v/1"),
      node("p", "deployment", 1, "/deployments/p"),
    ],
    edges: [
      { source: "d", target: "r", says: "training" },
      { source: "r", target: "v", says: "made" },
      { source: "v", target: "p", says: "serves" },
    ],
    if_deleted: [{ node: "p", effect: "refused", says: "staging/churn serves it." }],
    is_complete: true,
  });
  await renderView(<LineageTab id={MODEL} version={1} />);
  expect(await screen.findByText("staging/churn serves it.")).toBeVisible();
  expect(screen.getByRole("link", { name: "run r" })).toHaveAttribute("href", "/w/team/runs/r");
  expect(screen.getAllByText("dataset d").at(-1)).toBeVisible();
});

test("a model without versions has no lineage yet", async () => {
  await renderView(<LineageTab id={MODEL} version={null} />);
  expect(await screen.findByText(/there is no lineage yet/)).toBeVisible();
});
