import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { renderView } from "@/test/render";
import { type Column, DataTable } from "./data-table";

interface Letter {
  name: string;
}

const columns: Column<Letter>[] = [
  { id: "name", header: "Name", cell: ({ name }) => <a href={`#${name}`}>{name}</a> },
];

const letters = (...names: string[]): Letter[] => names.map((name) => ({ name }));

function Changing() {
  const [rows, setRows] = useState(letters("a", "b"));
  return (
    <>
      <button type="button" onClick={() => setRows(letters("c", "b", "a"))}>
        Change
      </button>
      <DataTable label="Rows" columns={columns} rows={rows} rowKey={(row) => row.name} holdsOrder />
    </>
  );
}

const names = () =>
  within(screen.getByRole("table"))
    .getAllByRole("link")
    .map((link) => link.textContent)
    .join("");
const change = () => screen.getByRole("button", { name: "Change" });

test("rows stay under the mouse until it leaves", async () => {
  const user = userEvent.setup();
  await renderView(<Changing />);
  await user.hover(screen.getByRole("link", { name: "b" }));
  act(() => change().click());
  await screen.findByRole("link", { name: "c" });
  expect(names()).toBe("abc");
  await user.hover(change());
  expect(names()).toBe("cba");
});

test("rows stay while the keyboard is among them", async () => {
  await renderView(<Changing />);
  await userEvent.tab();
  await userEvent.tab();
  expect(screen.getByRole("link", { name: "a" })).toHaveFocus();
  act(() => change().click());
  await screen.findByRole("link", { name: "c" });
  expect(names()).toBe("abc");
  await userEvent.tab({ shift: true });
  expect(names()).toBe("cba");
});
