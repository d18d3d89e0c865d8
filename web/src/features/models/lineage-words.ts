import type { LineageNode } from "./page-api";

/** What the things in a lineage are called. */
export const KINDS: Record<LineageNode["kind"], string> = {
  dataset: "Data set",
  commit: "Commit",
  run: "Run",
  logged_model: "Logged model",
  version: "Version",
  alias: "Alias",
  deployment: "Deployment",
};
