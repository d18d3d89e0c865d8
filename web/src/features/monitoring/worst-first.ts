import type { FeatureDrift } from "./api";

const ORDER: FeatureDrift["status"][] = [
  "drifting",
  "changed_small",
  "ok",
  "not_enough_data",
  "no_reference",
  "excluded",
];

/** Drift times importance; without importances, and for outputs, drift alone. */
const impact = (one: FeatureDrift) => (one.score ?? -1) * (one.importance_share ?? 1);

/** Features by status, then by impact, the worst on top. */
export function worstFirst(features: FeatureDrift[]): FeatureDrift[] {
  return features.toSorted(
    (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || impact(b) - impact(a),
  );
}
