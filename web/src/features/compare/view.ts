import { oneOf, type Search, text } from "@/lib/search";

export const FEWEST = 2;
export const MOST = 20;
export const X_KINDS = ["step", "relative", "wall"] as const;
export type XKind = (typeof X_KINDS)[number];

/** All that an address of the compare page says. */
export interface CompareView {
  runs: string[];
  /** The baseline; the first run when empty. */
  base: string;
  /** Rows that do not differ are shown too. */
  all: boolean;
  /** Charted metrics; null for the usual ones. */
  metrics: string[] | null;
  /** Axes of the parallel coordinates: "params.C", "metrics.loss"; null for the usual ones. */
  axes: string[] | null;
  x: XKind;
  smooth: number;
  log: boolean;
}

export interface CompareSearch {
  runs?: string;
  base?: string;
  all?: 1;
  metrics?: string;
  axes?: string;
  x?: XKind;
  smooth?: number;
  log?: 1;
}

const NONE = "-";
const listed = (value: string): string[] => [...new Set(value.split(",").filter(Boolean))];
const chosen = (value: string): string[] | null =>
  value === "" ? null : value === NONE ? [] : listed(value);
const named = (list: string[] | null): string | undefined =>
  list === null ? undefined : list.join(",") || NONE;

/** Reads an address; what is wrong falls back. */
export function compareSearch(search: Search): CompareSearch {
  const smooth = Number(text(search.smooth));
  const [runs, base] = [text(search.runs), text(search.base)];
  const [metrics, axes] = [text(search.metrics), text(search.axes)];
  const x = oneOf(search.x, X_KINDS, "step");
  return {
    ...(runs && { runs }),
    ...(base && { base }),
    ...(text(search.all) === "1" && { all: 1 as const }),
    ...(metrics && { metrics }),
    ...(axes && { axes }),
    ...(x !== "step" && { x }),
    ...(smooth > 0 && smooth <= 0.99 && { smooth }),
    ...(text(search.log) === "1" && { log: 1 as const }),
  };
}

export const viewOf = (search: CompareSearch): CompareView => ({
  runs: listed(search.runs ?? ""),
  base: search.base ?? "",
  all: search.all === 1,
  metrics: chosen(search.metrics ?? ""),
  axes: chosen(search.axes ?? ""),
  x: search.x ?? "step",
  smooth: search.smooth ?? 0,
  log: search.log === 1,
});

export const searchOf = (view: CompareView): CompareSearch =>
  compareSearch({
    ...view,
    runs: view.runs.join(","),
    all: view.all ? 1 : 0,
    metrics: named(view.metrics),
    axes: named(view.axes),
    log: view.log ? 1 : 0,
  });
