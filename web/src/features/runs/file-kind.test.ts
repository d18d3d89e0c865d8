import { expect, test } from "vitest";
import { kindOf, tableIn } from "./file-kind";
import { notebookOf } from "./notebook";

test.each([
  ["plot.PNG", "image"],
  ["rows.parquet", "table"],
  ["report.html", "page"],
  ["drawing.svg", "page"],
  ["work.ipynb", "notebook"],
  ["MLmodel", "text"],
  ["model.pkl", "none"],
])("%s is shown as %s", (name, kind) => {
  expect(kindOf(name)).toBe(kind);
});

test("a logged table is found in its JSON, other JSON is none", () => {
  const table = tableIn({
    columns: ["a", "b"],
    data: [
      [1, "x"],
      [2, null],
    ],
  });
  expect(table?.columns.map((one) => one.is_number)).toEqual([true, false]);
  expect(table?.rows).toEqual([
    ["1", "x"],
    ["2", null],
  ]);
  expect(tableIn({ columns: "a", data: [] })).toBeNull();
  expect(tableIn([1])).toBeNull();
});

test("a notebook shows text and pictures and never its HTML", () => {
  const notebook = notebookOf(
    JSON.stringify({
      metadata: { language_info: { name: "python" } },
      cells: [
        { cell_type: "markdown", source: ["# Title\n", "text"] },
        {
          cell_type: "code",
          source: "df",
          execution_count: 3,
          outputs: [
            {
              output_type: "display_data",
              data: { "text/html": "<script>", "text/plain": "   a" },
            },
            { output_type: "display_data", data: { "image/png": "aGk=\n" } },
            { output_type: "display_data", data: { "image/png": "x' onerror='1" } },
            { output_type: "error", traceback: ["\u001b[31mNo\u001b[0m"] },
            { output_type: "stream", text: ["one\n", "two"] },
          ],
        },
      ],
    }),
  );
  expect(notebook?.cells[0]).toMatchObject({ kind: "markdown", source: "# Title\ntext" });
  expect(notebook?.cells[1]?.outputs).toEqual([
    { kind: "text", text: "   a" },
    { kind: "image", address: "data:image/png;base64,aGk=" },
    { kind: "error", text: "No" },
    { kind: "text", text: "one\ntwo" },
  ]);
});

test.each(["", "[]", "{", '{"cells": 3}', "null"])("%s is no notebook", (text) => {
  expect(notebookOf(text)).toBeNull();
});
