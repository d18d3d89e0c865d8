/** What a key or an OAuth client may be let do. */
export const SCOPES = [
  { value: "predict", label: "Ask for predictions" },
  { value: "feedback", label: "Send outcomes" },
] as const;
export type Scope = (typeof SCOPES)[number]["value"];
