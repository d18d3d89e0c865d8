/** How a run table is sorted until a person says otherwise. */
export const NEWEST_FIRST = "attributes.start_time DESC";

const ATTRIBUTES: Record<string, string> = {
  name: "attributes.run_name",
  status: "attributes.status",
  started: "attributes.start_time",
  author: "attributes.user_id",
};

export interface Sort {
  column: string;
  descending: boolean;
}

/** MLflow's name of a column: "metrics.`val/loss`"; null for what the server cannot sort by. */
export function sortName(column: string): string | null {
  const found = /^(metrics|params|tags)\.(.+)$/s.exec(column);
  return found ? `${found[1]}.\`${found[2]}\`` : (ATTRIBUTES[column] ?? null);
}

/** MLflow's order_by for a column. */
export const orderOf = ({ column, descending }: Sort): string =>
  `${sortName(column)} ${descending ? "DESC" : "ASC"}`;

/** Which of the columns an order_by sorts by. */
export function sortIn(order: string, columns: readonly string[]): Sort | null {
  const descending = order.endsWith(" DESC");
  const column = columns.find((one) => orderOf({ column: one, descending }) === order);
  return column ? { column, descending } : null;
}

/** The order after pressing a column's header: numbers and times start with the largest. */
export function pressed(order: string, column: string): string {
  const now = sortIn(order, [column]);
  const largestFirst = column.startsWith("metrics.") || column === "started";
  return orderOf({ column, descending: now ? !now.descending : largestFirst });
}
