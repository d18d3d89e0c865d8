import type { Shape } from "@/api/types";
import { count, number, percent } from "@/lib/format";
import type { Column } from "./data-table";

type Slice = Shape<"SliceOut">;
const LOSS = { classification: "Wrong", regression: "Mean error", ranking: "NDCG at 10" } as const;

/** Columns of the parts of the inputs where a model does worst. */
export function sliceColumns(task: Shape<"SlicesOut">["task"], header: string): Column<Slice>[] {
  const loss = (value: number) =>
    task === "classification" ? percent(value) : number(task === "ranking" ? 1 - value : value);
  return [
    {
      id: "slice",
      header,
      cell: (row) => (
        <span title={row.explain}>
          <code>{row.feature}</code> {row.label}
        </span>
      ),
    },
    { id: "rows", header: "Rows", align: "end", cell: (row) => count(row.rows) },
    {
      id: "loss",
      header: LOSS[task],
      align: "end",
      cell: (row) => loss(row.loss),
    },
    { id: "rest", header: "Elsewhere", align: "end", cell: (row) => loss(row.loss_elsewhere) },
  ];
}
