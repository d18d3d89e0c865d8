/** The parts of a deployment's page, as its address names them. */
export const TABS = [
  "overview",
  "drift",
  "quality",
  "predictions",
  "api",
  "keys",
  "logs",
  "history",
] as const;
export type Tab = (typeof TABS)[number];
