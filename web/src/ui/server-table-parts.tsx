import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type CSSProperties, memo, useRef } from "react";
import base from "./data-table.module.css";
import type { ServerColumn } from "./server-table";
import classes from "./server-table.module.css";

const FIRST_PX = 230;
const LETTER_PX = 6.6;
const BESIDE_PX = 40; // padding and the arrow of a sorted column
const LEAST_PX = 110;
const MOST_PX = 240;

/** The width of a column in a long table, from its header: contents come and go. */
export function widthOf<T>(column: ServerColumn<T>, place: number): number {
  if (typeof column.width === "number") return column.width;
  if (place === 0) return FIRST_PX;
  return Math.min(
    Math.max(Math.ceil(column.header.length * LETTER_PX) + BESIDE_PX, LEAST_PX),
    MOST_PX,
  );
}

/** The columns of a long table as tracks of a grid: what is too wide shares its room by width. */
export function tracks(widths: readonly number[]): CSSProperties {
  const of = (px: number) => `minmax(${px}px, ${px}fr)`;
  const all = { "--tracks": widths.map(of).join(" ") };
  return { ...all, minWidth: widths.reduce((total, px) => total + px, 0) };
}

interface InSight {
  /** The columns in sight; the first always is. */
  from: number;
  to: number;
}

interface HeadsProps<T> extends InSight {
  columns: ServerColumn<T>[];
  sort: { column: string; descending: boolean } | null;
  onSort: (column: string) => void;
}

function AllHeads<T>({ columns, from, to, sort, onSort }: HeadsProps<T>) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.slice(0, 1).map((column) => (
          <Head key={column.id} column={column} sort={sort} onSort={onSort} />
        ))}
        <Skipped count={from - 1} />
        {columns.slice(from, to).map((column, place) => (
          <Head
            key={column.id}
            column={column}
            index={from + place + 1}
            sort={sort}
            onSort={onSort}
          />
        ))}
        <Skipped count={columns.length - to} />
      </tr>
    </thead>
  );
}

/** The header row; it is not drawn again while rows scroll. */
export const Heads = memo(AllHeads) as typeof AllHeads;

interface HeadProps<T> extends Omit<HeadsProps<T>, "columns" | "from" | "to"> {
  column: ServerColumn<T>;
  index?: number;
}

/** A column's header; pressing it sorts. */
function Head<T>({ column, index = 1, sort, onSort }: HeadProps<T>) {
  const direction =
    sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : undefined;
  return (
    <th
      scope="col"
      aria-colindex={index}
      title={column.header}
      className={column.align === "end" ? base.end : undefined}
      style={column.width === undefined ? undefined : { width: column.width }}
      aria-sort={direction}
    >
      {column.sortable ? (
        <button type="button" className={base.sort} onClick={() => onSort(column.id)}>
          <span className="truncate">{column.header}</span>
          {direction === "ascending" && <IconArrowUp size={13} aria-hidden />}
          {direction === "descending" && <IconArrowDown size={13} aria-hidden />}
        </button>
      ) : (
        column.header
      )}
    </th>
  );
}

interface CellsProps<T> extends InSight {
  row: T;
  columns: ServerColumn<T>[];
  rowKey: (row: T) => string;
  rowName: (row: T) => string;
  selected: ReadonlySet<string>;
  onSelect: (id: string, extend: boolean) => void;
}

/** The cells of a row; the first has its checkbox. */
export function Cells<T>({ row, columns, from, to, ...props }: CellsProps<T>) {
  const [first] = columns;
  return (
    <>
      {first && (
        <td data-label={first.header} aria-colindex={1}>
          <First {...props} row={row} column={first} />
        </td>
      )}
      <Skipped count={from - 1} />
      {columns.slice(from, to).map((column, place) => (
        <td
          key={column.id}
          data-label={column.header}
          aria-colindex={from + place + 1}
          className={column.align === "end" ? base.end : undefined}
        >
          {column.cell(row)}
        </td>
      ))}
      <Skipped count={columns.length - to} />
    </>
  );
}

type FirstProps<T> = Omit<CellsProps<T>, "columns" | "from" | "to"> & { column: ServerColumn<T> };

function First<T>({ row, column, rowKey, rowName, selected, onSelect }: FirstProps<T>) {
  const id = rowKey(row);
  const shift = useRef(false);
  return (
    <div className={classes.first}>
      <label className={classes.pick}>
        <input
          type="checkbox"
          aria-label={`Select ${rowName(row)}`}
          checked={selected.has(id)}
          onClick={(event) => {
            shift.current = event.shiftKey;
          }}
          onChange={() => onSelect(id, shift.current)}
        />
      </label>
      <span className="truncate">{column.cell(row)}</span>
    </div>
  );
}

/** Stands for columns out of sight. */
function Skipped({ count }: { count: number }) {
  return count > 0 ? (
    <td aria-hidden colSpan={count} style={{ gridColumn: `span ${count}` }} />
  ) : null;
}

/** Stands for the rows that are not drawn. */
export function Spacer({ px, span }: { px: number; span: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height: px, padding: 0, border: 0 }} />
    </tr>
  );
}
