import { oneOf, type Search, text } from "@/lib/search";

export const FEWEST = 2;
export const MOST = 50;
export const X_KINDS = ["step", "relative", "wall", "metric"] as const;
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
  /** Axes that are turned upside down, and those with a logarithmic scale. */
  flipped: string[];
  logAxes: string[];
  /** The two axes of the scatter plot; the usual ones when empty. */
  scatter: string[];
  x: XKind;
  /** The metric on the horizontal axis, when `x` is "metric". */
  xMetric: string;
  smooth: number;
  log: boolean;
}

export interface CompareSearch {
  runs?: string;
  base?: string;
  all?: 1;
  metrics?: string;
  axes?: string;
  flip?: string;
  logs?: string;
  scatter?: string;
  x?: XKind;
  xm?: string;
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
    ...(text(search.flip) && { flip: text(search.flip) }),
    ...(text(search.logs) && { logs: text(search.logs) }),
    ...(text(search.scatter) && { scatter: text(search.scatter) }),
    ...(x === "metric" && text(search.xm) && { xm: text(search.xm) }),
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
  flipped: listed(search.flip ?? ""),
  logAxes: listed(search.logs ?? ""),
  scatter: listed(search.scatter ?? "").slice(0, 2),
  x: search.x ?? "step",
  xMetric: search.xm ?? "",
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
    flip: view.flipped.join(","),
    logs: view.logAxes.join(","),
    scatter: view.scatter.join(","),
    xm: view.xMetric,
    log: view.log ? 1 : 0,
  });
