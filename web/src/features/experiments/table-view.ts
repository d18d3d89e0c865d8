import { type Search, text } from "@/lib/search";
import { NEWEST_FIRST } from "./order";

/** All that an address of a run table says. */
export interface RunTableView {
  filter: string;
  /** MLflow's order_by: "start_time DESC". */
  order: string;
  /** Chosen columns, comma separated; the usual ones when empty. */
  cols: string;
  /** What runs are grouped by, at most two: "params.model,status". */
  group: string;
  /** Id of the run that others are compared with. */
  base: string;
  /** Ids of the selected runs, comma separated. */
  selected: string;
  /** Id of the saved view that this came from. */
  view: string;
}

export interface RunTableSearch {
  filter?: string;
  order?: string;
  cols?: string;
  group?: string;
  base?: string;
  sel?: string;
  view?: string;
}

/** Reads an address; what is not there or as usual is left out. */
export function runTableSearch(search: Search): RunTableSearch {
  const given = (name: keyof RunTableSearch, usual = "") =>
    text(search[name]) && text(search[name]) !== usual ? { [name]: text(search[name]) } : {};
  return {
    ...given("filter"),
    ...given("order", NEWEST_FIRST),
    ...given("cols"),
    ...given("group"),
    ...given("base"),
    ...given("sel"),
    ...given("view"),
  };
}

export const viewOf = (search: RunTableSearch): RunTableView => ({
  filter: search.filter ?? "",
  order: search.order ?? NEWEST_FIRST,
  cols: search.cols ?? "",
  group: search.group ?? "",
  base: search.base ?? "",
  selected: search.sel ?? "",
  view: search.view ?? "",
});

export const searchOf = (view: RunTableView): RunTableSearch =>
  runTableSearch({ ...view, sel: view.selected });

const SAVED = ["filter", "order", "cols", "group", "base"] as const;

/** The part of a view that is saved under a name: not the selection. */
export function stateOf(view: RunTableView): string {
  const search = searchOf(view);
  const kept = SAVED.flatMap((name): [string, string][] => {
    const value = search[name];
    return value ? [[name, value]] : [];
  });
  return new URLSearchParams(kept).toString() || "order=";
}

/** A view as it was saved; what is selected stays. */
export function restored(state: string, id: string, selected: string): RunTableView {
  const search = runTableSearch(Object.fromEntries(new URLSearchParams(state)));
  return { ...viewOf(search), view: id, selected };
}
