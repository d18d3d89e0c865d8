import { type FocusEvent, useState } from "react";

interface Held {
  ids: readonly string[] | null;
  by: { pointer: boolean; focus: boolean };
}

export interface Holders {
  onPointerEnter?: () => void;
  onPointerMove?: () => void;
  onPointerLeave?: () => void;
  onFocus?: () => void;
  onBlur?: (event: FocusEvent) => void;
}

const FREE: Held = { ids: null, by: { pointer: false, focus: false } };

/** Keeps rows where they are while somebody points at them or is among them with the keyboard. */
export function useHeldOrder<R extends { id: string }>(
  rows: R[],
  isOn = false,
): { rows: R[]; holders: Holders } {
  const [held, setHeld] = useState<Held>(FREE);
  if (!isOn) return { rows, holders: {} };
  const set = (who: "pointer" | "focus", on: boolean) =>
    setHeld((before) => {
      if (before.by[who] === on) return before;
      const by = { ...before.by, [who]: on };
      if (!by.pointer && !by.focus) return FREE;
      return { by, ids: before.ids ?? rows.map((row) => row.id) };
    });
  return {
    rows: held.ids ? inOrder(rows, held.ids) : rows,
    holders: {
      onPointerEnter: () => set("pointer", true),
      onPointerMove: () => set("pointer", true),
      onPointerLeave: () => set("pointer", false),
      onFocus: () => set("focus", true),
      onBlur: (event) => {
        const into = event.relatedTarget;
        if (!(into instanceof Node && event.currentTarget.contains(into))) set("focus", false);
      },
    },
  };
}

/** Rows in a known order; those that came since stand at the end, in their own. */
export function inOrder<R extends { id: string }>(rows: R[], ids: readonly string[]): R[] {
  const place = new Map(ids.map((id, at) => [id, at]));
  const at = (row: R) => place.get(row.id) ?? Number.MAX_SAFE_INTEGER;
  return rows.toSorted((a, b) => at(a) - at(b));
}
