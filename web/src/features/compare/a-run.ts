import type { Run } from "./api";

/** A finished run for tests. */
export const aRun = (id: string, change: Partial<Run> = {}): Run => ({
  id,
  experiment_id: "1",
  experiment_name: "sweep",
  name: `run ${id}`,
  status: "FINISHED",
  user_name: "Ana Ruiz",
  started_at: "2026-11-21T08:00:00Z",
  ended_at: "2026-11-21T08:00:42Z",
  params: {},
  metrics: {},
  tags: {},
  latest_metrics: [],
  datasets: [],
  registered_versions: [],
  source: {},
  ...change,
});
