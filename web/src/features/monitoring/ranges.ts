/** What can be looked at, as the API and the address bar name it. */
export const FLEET_RANGES = ["1h", "24h", "7d", "30d"] as const;
export const TRAFFIC_RANGES = ["15m", "1h", "24h", "7d"] as const;
export const DRIFT_WINDOWS = ["1h", "24h", "7d"] as const;
export const BASELINES = ["training", "previous"] as const;
export const QUALITY_RANGES = ["24h", "7d", "30d", "90d"] as const;
export const OUTCOMES = ["all", "ok", "error"] as const;
export type FleetRange = (typeof FLEET_RANGES)[number];
export type TrafficRange = (typeof TRAFFIC_RANGES)[number];
export type DriftWindow = (typeof DRIFT_WINDOWS)[number];
export type Baseline = (typeof BASELINES)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type QualityRange = (typeof QUALITY_RANGES)[number];
