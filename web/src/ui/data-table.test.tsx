import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { renderView } from "@/test/render";
import { type Column, DataTable } from "./data-table";

interface Fruit {
  name: string;
  weight: number | null;
}

const columns: Column<Fruit>[] = [
  { id: "name", header: "Name", cell: (fruit) => fruit.name },
  {
    id: "weight",
    header: "Weight",
    cell: (fruit) => fruit.weight,
    sortBy: (fruit) => fruit.weight,
  },
];
const fruits: Fruit[] = [
  { name: "plum", weight: 2 },
  { name: "unknown", weight: null },
  { name: "apple", weight: 1 },
];
const names = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getAllByRole("cell")[0]?.textContent);

test("sorting by a column orders the rows and keeps missing values last", async () => {
  await renderView(
    <DataTable label="Fruit" columns={columns} rows={fruits} rowKey={(fruit) => fruit.name} />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Weight" }));
  const first = names();
  await userEvent.click(screen.getByRole("button", { name: "Weight" }));
  expect(new Set([first.slice(0, 2).join(), names().slice(0, 2).join()])).toEqual(
    new Set(["apple,plum", "plum,apple"]),
  );
  expect([first[2], names()[2]]).toEqual(["unknown", "unknown"]);
});

test("more rows are loaded on request and the total is shown", async () => {
  const more = vi.fn();
  await renderView(
    <DataTable
      label="Fruit"
      columns={columns}
      rows={fruits}
      rowKey={(f) => f.name}
      total={1200}
      onMore={more}
    />,
  );
  await userEvent.click(screen.getByRole("button", { name: "Load more" }));
  expect(screen.getByText("3 of 1,200")).toBeVisible();
  expect(more).toHaveBeenCalledOnce();
});

test("a long list draws only the rows in sight", async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => ({
    name: `fruit ${index}`,
    weight: index,
  }));
  await renderView(
    <DataTable label="Fruit" columns={columns} rows={many} rowKey={(fruit) => fruit.name} />,
  );
  expect(screen.getAllByRole("row").length).toBeLessThan(100);
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "2000");
});
