import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect } from "react";

type Scroller = RefObject<HTMLDivElement | null>;

/** The rows in sight of a long table, and the pixels above and below them. */
export function useRowsInSight(scroller: Scroller, count: number, height: number) {
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other heights, other places
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  return {
    indices: items.map((item) => item.index),
    before: items[0]?.start ?? 0,
    after: virtual.getTotalSize() - (items.at(-1)?.end ?? 0),
    scrollTo: virtual.scrollToIndex,
  };
}

/** From which to which column is in sight, besides the first, which stays; all without widths. */
export function useColumnsInSight(scroller: Scroller, widths: readonly number[], all: number) {
  const virtual = useVirtualizer({
    horizontal: true,
    count: widths.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widths[index] ?? 0,
    overscan: 2,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other widths, other places
  useEffect(() => virtual.measure(), [virtual, widths]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1);
  return last === undefined
    ? { from: 1, to: all }
    : { from: Math.max(items[0]?.index ?? 1, 1), to: last.index + 1 };
}
