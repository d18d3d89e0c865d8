/** The environments of a list, and all of them. */
export const PLACES = ["all", "dev", "staging", "production"] as const;
export type Place = (typeof PLACES)[number];
