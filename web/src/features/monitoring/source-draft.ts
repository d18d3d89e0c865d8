import type { Columns, Place, Source, SourcePut } from "./source-api";

export type Kind = Place["kind"];

/** Whether outcomes name their prediction, or whom it was about. */
export type Joined = "prediction" | "entity";

/** What the dialog holds: every field as text, of every kind at once. */
export interface Draft {
  kind: Kind;
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  query: string;
  growing: string;
  tls: "verify" | "encrypt" | "off";
  url: string;
  token: string;
  endpoint: string;
  region: string;
  bucket: string;
  object: string;
  access_key_id: string;
  secret_access_key: string;
  joined: Joined;
  prediction_id: string;
  entity: string;
  value: string;
  at: string;
  since: string;
  row: string;
  within_days: number;
  every_minutes: number;
  is_enabled: boolean;
}

const DAY_S = 86_400;

const EMPTY: Draft = {
  kind: "postgresql",
  host: "",
  port: 5432,
  database: "",
  user: "",
  password: "",
  query: "",
  growing: "",
  tls: "verify",
  url: "",
  token: "",
  endpoint: "",
  region: "us-east-1",
  bucket: "",
  object: "",
  access_key_id: "",
  secret_access_key: "",
  joined: "prediction",
  prediction_id: "prediction_id",
  entity: "",
  value: "value",
  at: "",
  since: "",
  row: "",
  within_days: 30,
  every_minutes: 60,
  is_enabled: true,
};

/** A draft of what is connected; secrets are not told, and stay when they are left out. */
export function draftOf(now: Source | null): Draft {
  if (!now) return EMPTY;
  const { within_seconds, ...named } = now.columns;
  const known = Object.fromEntries(
    Object.entries({ ...now.place, ...named }).filter(([name]) => name in EMPTY),
  );
  const texts = Object.fromEntries(
    Object.entries(known).map(([name, given]) => [name, given ?? ""]),
  );
  const { every_minutes, is_enabled } = now;
  const joined: Joined = named.entity ? "entity" : "prediction";
  const within_days = (within_seconds ?? 30 * DAY_S) / DAY_S;
  return { ...EMPTY, ...texts, joined, within_days, every_minutes, is_enabled };
}

const given = (text: string) => (text.trim() === "" ? null : text.trim());

export function placeOf(draft: Draft): Place {
  if (draft.kind === "postgresql") {
    const { kind, host, port, database, user, query, tls } = draft;
    const password = draft.password || null;
    return {
      kind,
      host,
      port,
      database,
      user,
      password,
      query,
      growing: given(draft.growing),
      tls,
    };
  }
  if (draft.kind === "https")
    return { kind: draft.kind, url: given(draft.url), token: draft.token || null };
  const { kind, region, bucket, object, access_key_id } = draft;
  const secret_access_key = draft.secret_access_key || null;
  const endpoint = given(draft.endpoint);
  return { kind, endpoint, region, bucket, object, access_key_id, secret_access_key };
}

export function putOf(draft: Draft): SourcePut {
  const { every_minutes, is_enabled } = draft;
  const within_seconds = Math.round(draft.within_days * DAY_S);
  const both = { value: draft.value.trim(), at: given(draft.at), within_seconds };
  const columns: Columns =
    draft.joined === "prediction"
      ? { ...both, prediction_id: draft.prediction_id.trim(), row: given(draft.row) }
      : { ...both, entity: draft.entity.trim(), since: given(draft.since) };
  return { place: placeOf(draft), columns, every_minutes, is_enabled };
}

type Column = "prediction_id" | "entity" | "value" | "at" | "since" | "row";

const USUAL: [Column, readonly string[]][] = [
  ["prediction_id", ["prediction_id", "call_id", "id"]],
  ["value", ["value", "outcome", "label", "actual", "target"]],
  ["at", ["at", "observed_at", "happened_at", "updated_at", "created_at"]],
  ["row", ["row"]],
  ["entity", ["entity", "customer_id", "customer", "user_id", "account_id"]],
  ["since", ["since"]],
];

/** Fills in columns by their usual names, where what is there is none of the place. */
export function guessed(draft: Draft, names: readonly string[]): Draft {
  const next = { ...draft };
  for (const [field, usual] of USUAL)
    if (!names.includes(next[field]))
      next[field] = usual.find((name) => names.includes(name)) ?? "";
  return next;
}
