import { oneOf, type Search, text } from "@/lib/search";
import type { FleetRow } from "./api";
import { FLEET_RANGES, type FleetRange } from "./ranges";

export const LIGHTS = [
  "failing",
  "degraded",
  "unknown",
  "deploying",
  "healthy",
  "stopped",
] as const satisfies readonly FleetRow["health"][];

/** Which deployments are shown, as the address says it. Several values have commas between. */
export interface FleetFilter {
  environment?: string;
  health?: string;
  owner?: string;
  q?: string;
}

/** All that the address says. `view`: the saved view that this came from. */
export interface FleetSearch extends FleetFilter {
  range?: FleetRange;
  view?: string;
}

export const NOBODY = "-";

/** Reads the filter from the address; what is empty or unknown is left out. */
export function fleetFilter(search: Search): FleetFilter {
  const health = LIGHTS.filter((light) => listed(text(search.health)).includes(light)).join(",");
  const found = {
    environment: listed(text(search.environment)).join(","),
    health,
    owner: text(search.owner),
    q: text(search.q).slice(0, 200),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ""));
}

/** Reads the address; what is not there is as usual. */
export function fleetSearch(search: Search): FleetSearch {
  return {
    ...(search.range === undefined ? {} : { range: oneOf(search.range, FLEET_RANGES, "24h") }),
    ...fleetFilter(search),
    ...(text(search.view) === "" ? {} : { view: text(search.view) }),
  };
}

/** The part of the address that is saved under a name. */
export function stateOf({ view: _, ...search }: FleetSearch): string {
  const kept = { range: "24h", ...search };
  return new URLSearchParams(
    Object.entries(kept).toSorted(([a], [b]) => a.localeCompare(b)),
  ).toString();
}

export const listed = (values = ""): string[] => values.split(",").filter((one) => one !== "");

export const filterCount = (filter: FleetFilter): number => Object.keys(filter).length;

/** The rows that pass every filter, in the order they came. */
export function chosen(rows: FleetRow[], filter: FleetFilter): FleetRow[] {
  const environments = listed(filter.environment);
  const lights = listed(filter.health);
  const words = (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (environments.length === 0 || environments.includes(row.environment)) &&
      (lights.length === 0 || lights.includes(row.health)) &&
      (!filter.owner || (row.owner || NOBODY) === filter.owner) &&
      words.every((word) => saying(row).includes(word)),
  );
}

const saying = (row: FleetRow): string =>
  [row.name, row.model_name, row.environment, row.owner, ...row.reasons].join(" ").toLowerCase();
