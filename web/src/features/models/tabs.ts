/** The parts of a model's page, as its address names them. */
export const MODEL_TABS = [
  "card",
  "versions",
  "lineage",
  "deployments",
  "discussion",
  "activity",
] as const;
export type ModelTab = (typeof MODEL_TABS)[number];

/** The parts of a version's page. */
export const VERSION_TABS = ["overview", "lineage", "discussion", "activity"] as const;
export type VersionTab = (typeof VERSION_TABS)[number];

/** What they are called on the page. */
export const TAB_NAMES: Record<ModelTab | VersionTab, string> = {
  card: "Card",
  overview: "Overview",
  versions: "Versions",
  lineage: "Lineage",
  deployments: "Deployments",
  discussion: "Discussion",
  activity: "Activity",
};
