import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Shape } from "@/api/types";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { SourceColumns } from "./source-columns";
import { draftOf, putOf } from "./source-draft";
import { SourcePanel } from "./source-panel";

const PATH = "/api/v1/deployments/d1/outcome-source";
const AT = "2026-11-21T08:00:00Z";

const aPull = (change: Partial<Shape<"PullOut">> = {}): Shape<"PullOut"> => ({
  started_at: AT,
  ended_at: AT,
  asked_by_name: null,
  counts: {
    received: 1200,
    matched: 1100,
    waiting: 60,
    duplicates: 20,
    corrected: 15,
    rejected: 5,
    late: 40,
    reasons: {},
    problems: ["Row 7: at: 'gestern' is no time like 2026-11-21T08:00:00Z."],
  },
  error: null,
  ...change,
});

const aSource = (change: Partial<Shape<"OutcomeSourceOut">> = {}): Shape<"OutcomeSourceOut"> => ({
  place: {
    kind: "postgresql",
    host: "db.example.com",
    port: 5432,
    database: "labels",
    user: "reader",
    query: "public.labels",
    growing: "written_at",
    tls: "verify",
  },
  columns: {
    prediction_id: "call_id",
    value: "really",
    at: "written_at",
    row: null,
    entity: null,
    since: null,
    within_seconds: 2_592_000,
  },
  target: "postgresql://db.example.com:5432/labels",
  every_minutes: 60,
  is_enabled: true,
  is_pulling: false,
  read_to: "2026-11-21 08:00:00+00",
  next_at: AT,
  updated_at: AT,
  updated_by_name: "Pat",
  pulls: [aPull()],
  ...change,
});

const OF_ENTITIES = {
  prediction_id: null,
  row: null,
  entity: "customer",
  value: "really",
  at: "seen",
  since: null,
  within_seconds: 604_800,
};

test("the last pulls are told with what came of their rows, and one is asked for", async () => {
  answers("get", PATH, aSource());
  const sent = answers("post", `${PATH}/pulls`, aSource({ is_pulling: true }), 202);
  await renderView(<SourcePanel id="d1" />);
  const table = within(await screen.findByRole("table", { name: "Pulls of outcomes" }));
  expect(table.getByText("On schedule")).toBeVisible();
  for (const shown of ["1,200", "1,100", "60", "20", "15", "5", "40"])
    expect(table.getByText(shown)).toBeVisible();
  expect(screen.getByText(/Row 7: at: 'gestern' is no time/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Pull now" }));
  await expect.poll(() => sent).toEqual([{ from_start: false }]);
});

test("why a pull stopped is said", async () => {
  const why = "The user reader may not read this: GRANT SELECT on it.";
  answers("get", PATH, aSource({ pulls: [aPull({ error: why })] }));
  await renderView(<SourcePanel id="d1" />);
  expect(await screen.findByText(why)).toBeVisible();
  expect(screen.getByText("Stopped")).toBeVisible();
});

test("a place is looked at, its columns are guessed, and it is connected", async () => {
  answers("get", PATH, null);
  const column = (name: string, example: string | null) => ({ name, type: "text", example });
  const columns = [column("call_id", "p-1"), column("label", "1"), column("observed_at", null)];
  const looked = answers("post", `${PATH}/columns`, { columns });
  const sent = answers("put", PATH, aSource({ pulls: [], is_pulling: true }));
  await renderView(<SourcePanel id="d1" />);
  await userEvent.click(await screen.findByRole("button", { name: "Connect a source" }));
  const type = async (name: string, text: string) => {
    await userEvent.click(await screen.findByLabelText(name));
    await userEvent.paste(text);
  };
  await type("Host", "db.example.com");
  await type("Database", "labels");
  await type("User", "reader");
  await type("Password", "secret");
  await type("Table or query", "public.labels");
  await userEvent.click(screen.getByRole("button", { name: "Look at the columns" }));
  expect(await screen.findByText("call_id (p-1), label (1), observed_at")).toBeVisible();
  expect(screen.getByLabelText("Outcome", { selector: "input" })).toHaveValue("label");
  await userEvent.click(screen.getByRole("button", { name: "Save and pull" }));
  const place = {
    kind: "postgresql",
    host: "db.example.com",
    port: 5432,
    database: "labels",
    user: "reader",
    password: "secret",
    query: "public.labels",
    growing: null,
    tls: "verify",
  };
  expect(looked).toEqual([{ place }]);
  await expect
    .poll(() => sent)
    .toEqual([
      {
        place,
        columns: {
          prediction_id: "call_id",
          value: "label",
          at: "observed_at",
          row: null,
          within_seconds: 2_592_000,
        },
        every_minutes: 60,
        is_enabled: true,
      },
    ]);
  expect(await screen.findByText("The first pull is about to begin.")).toBeVisible();
});

test("why outcomes of entities found no prediction is said, and what joins them", async () => {
  const counts = { ...aPull().counts, reasons: { entity_unknown: 40, prediction_too_old: 20 } };
  answers("get", PATH, aSource({ pulls: [aPull({ counts })], columns: OF_ENTITIES }));
  await renderView(<SourcePanel id="d1" />);
  expect(
    await screen.findByText(/40 named by no prediction, 20 predicted too long before/),
  ).toBeVisible();
  expect(screen.getByText("entity and time")).toBeVisible();
});

test("columns of an entity and a time are those that were mapped", async () => {
  const draft = draftOf(aSource({ columns: OF_ENTITIES }));
  const { prediction_id, row, ...named } = OF_ENTITIES;
  expect([draft.joined, draft.within_days]).toEqual(["entity", 7]);
  expect(putOf(draft).columns).toEqual(named);
  expect(putOf({ ...draft, joined: "prediction", prediction_id: "call_id" }).columns).toEqual({
    prediction_id: "call_id",
    value: "really",
    at: "seen",
    row: null,
    within_seconds: 604_800,
  });
  await renderView(<SourceColumns draft={draft} names={["customer", "seen"]} set={() => {}} />);
  expect(screen.getByLabelText("Entity", { selector: "input" })).toHaveValue("customer");
  expect(screen.getByLabelText("Predicted since", { selector: "input" })).toHaveValue("");
  expect(screen.getByLabelText("Oldest prediction, days")).toHaveValue("7");
  expect(screen.queryByLabelText("Row of the call")).not.toBeInTheDocument();
});

test("a change keeps the secret that is not given again, and a refusal is shown", async () => {
  answers("get", PATH, aSource());
  const why = "The password is needed again: the place has changed.";
  refuses("put", PATH, 422, "monitoring.outcome_source_incomplete", why);
  await renderView(<SourcePanel id="d1" />);
  await userEvent.click(await screen.findByRole("button", { name: "Change" }));
  expect(await screen.findByLabelText("Host")).toHaveValue("db.example.com");
  expect(screen.getByLabelText("Password")).toHaveValue("");
  await userEvent.click(screen.getByRole("button", { name: "Save and pull" }));
  expect(await screen.findByText(why)).toBeVisible();
});

test("who may not manage monitoring sees the source and changes nothing", async () => {
  answers("get", PATH, aSource());
  await renderView(<SourcePanel id="d1" />, { me: { ...ana, permissions: ["monitoring.read"] } });
  expect(await screen.findByText("postgresql://db.example.com:5432/labels")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Pull now" })).not.toBeInTheDocument();
});
