import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useRef } from "react";
import base from "./data-table.module.css";
import type { ServerColumn } from "./server-table";
import classes from "./server-table.module.css";

interface HeadProps<T> {
  column: ServerColumn<T>;
  sort: { column: string; descending: boolean } | null;
  onSort: (column: string) => void;
}

/** A column's header; pressing it sorts. */
export function Head<T>({ column, sort, onSort }: HeadProps<T>) {
  const direction =
    sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : undefined;
  return (
    <th
      scope="col"
      className={column.align === "end" ? base.end : undefined}
      style={{ width: column.width }}
      aria-sort={direction}
    >
      {column.sortable ? (
        <button type="button" className={base.sort} onClick={() => onSort(column.id)}>
          {column.header}
          {direction === "ascending" && <IconArrowUp size={13} aria-hidden />}
          {direction === "descending" && <IconArrowDown size={13} aria-hidden />}
        </button>
      ) : (
        column.header
      )}
    </th>
  );
}

interface CellsProps<T> {
  row: T;
  columns: ServerColumn<T>[];
  rowKey: (row: T) => string;
  rowName: (row: T) => string;
  selected: ReadonlySet<string>;
  onSelect: (id: string, extend: boolean) => void;
}

/** The cells of a row; the first has its checkbox. */
export function Cells<T>({ row, ...props }: CellsProps<T>) {
  const id = props.rowKey(row);
  const shift = useRef(false);
  return props.columns.map((column, place) => (
    <td
      key={column.id}
      data-label={column.header}
      className={column.align === "end" ? base.end : undefined}
    >
      {place > 0 ? (
        column.cell(row)
      ) : (
        <div className={classes.first}>
          <label className={classes.pick}>
            <input
              type="checkbox"
              aria-label={`Select ${props.rowName(row)}`}
              checked={props.selected.has(id)}
              onClick={(event) => {
                shift.current = event.shiftKey;
              }}
              onChange={() => props.onSelect(id, shift.current)}
            />
          </label>
          <span className="truncate">{column.cell(row)}</span>
        </div>
      )}
    </td>
  ));
}

/** Stands for the rows that are not drawn. */
export function Spacer({ px, span }: { px: number; span: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height: px, padding: 0, border: 0 }} />
    </tr>
  );
}
