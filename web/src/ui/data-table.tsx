import { Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import {
  type ColumnDef,
  createSortedRowModel,
  type Row,
  type RowData,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useState } from "react";
import { count } from "@/lib/format";
import classes from "./data-table.module.css";
import { type Holders, useHeldOrder } from "./held-order";

const LONG = 80;
const ROW_PX = 40;
const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
});
type Features = typeof features;

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** "end" for numbers. */
  align?: "end";
  width?: number | string;
  /** Makes the column sortable by this value; only for lists that are loaded whole. */
  sortBy?: (row: T) => string | number | null;
}

interface Props<T> {
  /** What the table lists, for screen readers: "Experiments". */
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  onRowClick?: ((row: T) => void) | undefined;
  /** All that match on the server, shown in the foot. */
  total?: number | null | undefined;
  /** Given while more can be loaded. */
  onMore?: (() => void) | undefined;
  loadingMore?: boolean;
  /** On phones: "cards" (default) stacks each row, "scroll" scrolls sideways. */
  phone?: "cards" | "scroll";
  /** For rows that change by themselves: nothing moves while the mouse or the focus is on a row. */
  holdsOrder?: boolean;
}

/** The one table: sticky header, sorting, virtual rows when long, cards on phones. Keep `columns` stable. */
export function DataTable<T extends RowData>(props: Props<T>) {
  const { label, columns, rows, rowKey, onRowClick, total, onMore, loadingMore = false } = props;
  // State, not a ref: a virtual body is mounted before its scroller is, and must hear of it.
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const definitions = useMemo(() => columns.map(definitionOf), [columns]);
  const table = useTable({ features, columns: definitions, data: rows, getRowId: rowKey });
  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const { rows: sorted, holders } = useHeldOrder(table.getRowModel().rows, props.holdsOrder);
  const isLong = sorted.length > LONG;
  const phone = isLong ? "scroll" : (props.phone ?? "cards");

  return (
    <div className={phone === "cards" ? classes.cards : undefined}>
      <div
        ref={setScroller}
        className={`${classes.scroll} ${isLong ? classes.long : ""}`}
        // What scrolls must be reachable by keyboard.
        tabIndex={phone === "scroll" ? 0 : undefined}
      >
        <table className={classes.table} aria-label={label} aria-rowcount={total ?? sorted.length}>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => {
                  const column = byId.get(header.id);
                  const direction = header.column.getIsSorted();
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      className={column?.align === "end" ? classes.end : undefined}
                      style={{ width: column?.width }}
                      aria-sort={direction ? `${direction}ending` : undefined}
                    >
                      {column?.sortBy ? (
                        <button
                          type="button"
                          className={classes.sort}
                          onClick={header.column.getToggleSortingHandler()}
                        >
                          {column.header}
                          {direction === "asc" && <IconArrowUp size={13} aria-hidden />}
                          {direction === "desc" && <IconArrowDown size={13} aria-hidden />}
                        </button>
                      ) : (
                        column?.header
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          {isLong ? (
            <VirtualBody
              rows={sorted}
              columns={columns}
              onRowClick={onRowClick}
              scroller={scroller}
              holders={holders}
            />
          ) : (
            <tbody {...holders}>
              {sorted.map((row) => (
                <BodyRow
                  key={row.id}
                  row={row.original}
                  columns={columns}
                  onRowClick={onRowClick}
                />
              ))}
            </tbody>
          )}
        </table>
      </div>
      {(onMore || (total !== undefined && total !== null && total > rows.length)) && (
        <div className={classes.foot}>
          <span>
            {total ? `${count(rows.length)} of ${count(total)}` : `${count(rows.length)} shown`}
          </span>
          {onMore && (
            <Button variant="default" size="xs" loading={loadingMore} onClick={onMore}>
              Load more
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function definitionOf<T extends RowData>(column: Column<T>): ColumnDef<Features, T> {
  return {
    id: column.id,
    accessorFn: (row: T) => column.sortBy?.(row) ?? undefined,
    enableSorting: column.sortBy !== undefined,
    sortFn: "basic",
    sortUndefined: "last",
  };
}

interface RowProps<T> {
  row: T;
  columns: Column<T>[];
  onRowClick?: ((row: T) => void) | undefined;
}

function BodyRow<T>({ row, columns, onRowClick }: RowProps<T>) {
  return (
    <tr
      className={onRowClick ? classes.clickable : undefined}
      onClick={(event) => {
        if (event.target instanceof Element && !event.target.closest("a,button,input,label"))
          onRowClick?.(row);
      }}
    >
      {columns.map((column) => (
        <td
          key={column.id}
          data-label={column.header}
          className={column.align === "end" ? classes.end : undefined}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

interface VirtualProps<T extends RowData> {
  rows: Row<Features, T>[];
  columns: Column<T>[];
  onRowClick?: ((row: T) => void) | undefined;
  scroller: HTMLDivElement | null;
  holders: Holders;
}

function VirtualBody<T extends RowData>(props: VirtualProps<T>) {
  const { rows, columns, onRowClick, scroller, holders } = props;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <tbody {...holders}>
      {before > 0 && <Spacer px={before} span={columns.length} />}
      {items.map((item) => {
        const row = rows[item.index];
        return (
          row && (
            <BodyRow key={row.id} row={row.original} columns={columns} onRowClick={onRowClick} />
          )
        );
      })}
      {after > 0 && <Spacer px={after} span={columns.length} />}
    </tbody>
  );
}

function Spacer({ px, span }: { px: number; span: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height: px, padding: 0, border: 0 }} />
    </tr>
  );
}
