import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { count } from "@/lib/format";
import type { Column } from "./data-table";
import base from "./data-table.module.css";
import { useColumnsInSight, useRowsInSight } from "./in-sight";
import classes from "./server-table.module.css";
import { Cells, Heads, Spacer, tracks, widthOf } from "./server-table-parts";

const LONG = 80;
const ROW_PX = 40;
const CARD_PX = 141; // a row as a card of four lines, on a phone
const CARD_LINES = 4;
const NEAR_END = 30;
const NO_WIDTHS: number[] = [];

export interface ServerColumn<T> extends Omit<Column<T>, "sortBy"> {
  sortable?: boolean;
  /** Among the few that a card on a phone shows. */
  onCard?: boolean;
}

interface Props<T> {
  /** What the table lists, for screen readers: "Runs". */
  label: string;
  columns: ServerColumn<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** Names the row's checkbox: "Select first". */
  rowName: (row: T) => string;
  total: number | null | undefined;
  sort: { column: string; descending: boolean } | null;
  onSort: (column: string) => void;
  selected: ReadonlySet<string>;
  /** `extend` asks for everything from the row selected before. */
  onSelect: (id: string, extend: boolean) => void;
  onOpen: (row: T) => void;
  /** Answers the key c. */
  onCompare?: () => void;
  /** A row that stays on top whatever the order. */
  pinned?: T | null;
  /** Given while more can be loaded; called on scrolling near the end. */
  onMore?: (() => void) | undefined;
  loadingMore: boolean;
}

/** A table that the server sorts and pages: rows are virtual, the next page loads on scroll, j k x Enter work on rows. */
export function ServerTable<T>(props: Props<T>) {
  const { label, columns, rows, rowKey, total, sort, onSort, onMore, loadingMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const moved = useRef(false);
  const isLong = rows.length > LONG;
  const isNarrow = useMediaQuery("(max-width: 767px)") ?? false;
  const inCards = isLong && isNarrow;
  const sight = useRowsInSight(scroller, isLong ? rows.length : 0, isNarrow ? CARD_PX : ROW_PX);
  const shown = isLong ? sight.indices : rows.map((_, index) => index);
  // The columns of a long table have fixed widths: what scrolls past must not move the others.
  const widths = useMemo(() => (isLong ? columns.map(widthOf) : []), [isLong, columns]);
  const { from, to } = useColumnsInSight(scroller, isNarrow ? NO_WIDTHS : widths, columns.length);

  const { before, after, scrollTo } = sight;
  const last = shown.at(-1) ?? 0;
  const wantsMore = isLong && last >= rows.length - NEAR_END && !loadingMore;
  useEffect(() => {
    if (wantsMore) onMore?.();
  }, [wantsMore, onMore]);
  const order = `${sort?.column} ${sort?.descending}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another order starts at the top
  useEffect(() => {
    scroller.current?.scrollTo?.({ top: 0 });
    setActive(0);
  }, [order]);
  useEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    if (isLong) scrollTo(active);
    const focus = () => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"]`);
      row?.focus();
      return row;
    };
    if (!focus()) requestAnimationFrame(focus);
  }, [active, isLong, scrollTo]);

  const draw = useCallback(
    (index: number, isActive: boolean) => {
      const row = props.rows[index];
      const columns = inCards ? onCard(props.columns) : props.columns;
      if (row === undefined) return null;
      const id = props.rowKey(row);
      const onKeyDown = (event: KeyboardEvent<HTMLTableRowElement>) => {
        if (event.target !== event.currentTarget) return;
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key] ?? 0;
        if (step !== 0) {
          moved.current = true;
          setActive(Math.min(Math.max(index + step, 0), props.rows.length - 1));
        } else if (event.key.toLowerCase() === "x" || event.key === " ") {
          props.onSelect(id, event.shiftKey);
        } else if (event.key === "Enter") props.onOpen(row);
        else if (event.key === "c" && props.onCompare) props.onCompare();
        else return;
        event.preventDefault();
      };
      return (
        <tr
          data-index={index}
          aria-rowindex={index + 2}
          data-selected={props.selected.has(id)}
          tabIndex={isActive ? 0 : -1}
          onFocus={() => setActive(index)}
          onKeyDown={onKeyDown}
        >
          <Cells {...props} columns={columns} row={row} from={from} to={to} />
        </tr>
      );
    },
    [props, inCards, from, to],
  );

  return (
    <div className={isLong && !isNarrow ? undefined : base.cards}>
      <div
        ref={scroller}
        className={`${base.scroll} ${isLong ? base.long : ""}`}
        onScroll={({ currentTarget }) => {
          currentTarget.dataset.aside = String(currentTarget.scrollLeft > 0);
        }}
      >
        <table
          className={`${base.table} ${classes.table} ${isLong ? classes.long : ""} ${isLong && isNarrow ? classes.fixed : ""}`}
          aria-label={label}
          aria-rowcount={(total ?? rows.length) + 1}
          style={isLong && !isNarrow ? tracks(widths) : undefined}
        >
          <Heads columns={columns} from={from} to={to} sort={sort} onSort={onSort} />
          <tbody>
            {props.pinned && (
              <tr
                className={classes.pinned}
                data-selected={props.selected.has(rowKey(props.pinned))}
              >
                <Cells {...props} row={props.pinned} from={from} to={to} />
              </tr>
            )}
            {before > 0 && <Spacer px={before} span={columns.length} />}
            {shown.map((index) => {
              const row = rows[index];
              return (
                row !== undefined && (
                  <Line
                    key={rowKey(row)}
                    index={index}
                    isActive={index === Math.min(active, rows.length - 1)}
                    draw={draw}
                  />
                )
              );
            })}
            {after > 0 && <Spacer px={after} span={columns.length} />}
          </tbody>
        </table>
      </div>
      <div className={base.foot}>
        <span>
          {count(rows.length)} of {count(total ?? rows.length)}
        </span>
        {onMore && (
          <Button variant="default" size="xs" loading={loadingMore} onClick={onMore}>
            Load more
          </Button>
        )}
      </div>
    </div>
  );
}

/** The first column, then those that matter most. */
function onCard<T>(columns: ServerColumn<T>[]): ServerColumn<T>[] {
  const [first = [], ...rest] = columns;
  const ranked = [...rest.filter((one) => one.onCard), ...rest.filter((one) => !one.onCard)];
  return [first, ranked].flat().slice(0, CARD_LINES);
}

interface LineProps {
  index: number;
  isActive: boolean;
  draw: (index: number, isActive: boolean) => ReactNode;
}

/** Drawn again only when the table's own contents change, not on scrolling. */
const Line = memo(function Line({ index, isActive, draw }: LineProps) {
  return draw(index, isActive);
});
