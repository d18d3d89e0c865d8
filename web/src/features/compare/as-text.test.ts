import { expect, test } from "vitest";
import { asCsv, asLatex, asMarkdown } from "./as-text";
import type { DiffRow } from "./diff";

const rows: DiffRow[] = [
  { group: "Parameters", key: "a|b", cells: ["x\ny", null] },
  { group: "Metrics, last", key: "loss", cells: [-0.1, 1e-7] },
];

test("Markdown keeps its columns whatever is in the cells", () => {
  const lines = asMarkdown(["one", "two"], rows).split("\n");
  expect(lines).toEqual([
    "|  |  | one | two |",
    "| --- | --- | --- | --- |",
    "| Parameters | a\\|b | x y |  |",
    "| Metrics, last | loss | -0.1 | 1e-7 |",
  ]);
});

test("CSV quotes what needs it and never hands a formula to a spreadsheet", () => {
  const evil: DiffRow = { group: "Tags", key: "t", cells: ['=HYPERLINK("x")', "@a"] };
  expect(asCsv(["one", 'a "b"'], [...rows, evil]).split("\r\n")).toEqual([
    'group,name,one,"a ""b"""',
    'Parameters,a|b,"x\ny",',
    '"Metrics, last",loss,-0.1,1e-7',
    `Tags,t,"'=HYPERLINK(""x"")",'@a`,
  ]);
});

test("LaTeX keeps its columns whatever is in the cells", () => {
  const row: DiffRow = { group: "Parameters", key: "a_b", cells: ["50 % & more", "\\x{1}"] };
  expect(asLatex(["one", "two"], [row]).split("\n").slice(2, 5)).toEqual([
    " &  & one & two \\\\",
    "\\midrule",
    "Parameters & a\\_b & 50 \\% \\& more & \\textbackslash{}x\\{1\\} \\\\",
  ]);
});
