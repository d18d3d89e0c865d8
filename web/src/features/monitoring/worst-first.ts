import type { FeatureDrift } from "./api";

const ORDER: FeatureDrift["status"][] = [
  "drifting",
  "changed_small",
  "ok",
  "not_enough_data",
  "no_reference",
  "excluded",
];

/** Features by status, then by score, the worst on top. */
export function worstFirst(features: FeatureDrift[]): FeatureDrift[] {
  return features.toSorted(
    (a, b) =>
      ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || (b.score ?? -1) - (a.score ?? -1),
  );
}
