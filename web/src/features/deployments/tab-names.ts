/** The parts of a deployment's page, as its address names them. */
export const TABS = [
  "overview",
  "drift",
  "quality",
  "predictions",
  "batch",
  "api",
  "keys",
  "logs",
  "discussion",
  "history",
  "settings",
] as const;
export type Tab = (typeof TABS)[number];

/** Those of a model that is served elsewhere: nothing of ours answers or logs. */
const OF_REPORTED: readonly Tab[] = [
  "overview",
  "drift",
  "quality",
  "predictions",
  "discussion",
  "settings",
];

/** A language model reads no columns: there is nothing to compare, and no file of rows to score. */
const OF_LANGUAGE = TABS.filter((tab) => tab !== "drift" && tab !== "quality" && tab !== "batch");

export const tabsOf = (kind: "served" | "reported", isLanguage = false): readonly Tab[] =>
  kind === "reported" ? OF_REPORTED : isLanguage ? OF_LANGUAGE : TABS;

/** What they are called on the page. */
export const TAB_NAMES: Record<Tab, string> = {
  overview: "Overview",
  drift: "Drift",
  quality: "Quality",
  predictions: "Predictions",
  batch: "Batch",
  api: "API",
  keys: "Keys",
  logs: "Logs",
  discussion: "Discussion",
  history: "History",
  settings: "Settings",
};
