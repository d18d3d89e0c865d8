import type { Columns, Place, Source, SourcePut } from "./source-api";

export type Kind = Place["kind"];

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
  prediction_id: string;
  value: string;
  at: string;
  row: string;
  every_minutes: number;
  is_enabled: boolean;
}

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
  prediction_id: "prediction_id",
  value: "value",
  at: "",
  row: "",
  every_minutes: 60,
  is_enabled: true,
};

/** A draft of what is connected; secrets are not told, and stay when they are left out. */
export function draftOf(now: Source | null): Draft {
  if (!now) return EMPTY;
  const { prediction_id, value, at, row } = now.columns;
  const known = Object.fromEntries(
    Object.entries(now.place).filter(([name, given]) => name in EMPTY && given !== null),
  );
  const columns = { prediction_id: prediction_id ?? "", value: value ?? "", at: at ?? "" };
  const { every_minutes, is_enabled } = now;
  return { ...EMPTY, ...known, ...columns, row: row ?? "", every_minutes, is_enabled };
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
  const columns: Columns = {
    prediction_id: draft.prediction_id.trim(),
    value: draft.value.trim(),
    at: given(draft.at),
    row: given(draft.row),
  };
  return { place: placeOf(draft), columns, every_minutes, is_enabled };
}

const USUAL: [keyof Draft & keyof Columns, readonly string[]][] = [
  ["prediction_id", ["prediction_id", "call_id", "id"]],
  ["value", ["value", "outcome", "label", "actual", "target"]],
  ["at", ["at", "observed_at", "happened_at", "updated_at", "created_at"]],
  ["row", ["row"]],
];

/** Fills in columns by their usual names, where what is there is none of the place. */
export function guessed(draft: Draft, names: readonly string[]): Draft {
  const next = { ...draft };
  for (const [field, usual] of USUAL)
    if (!names.includes(next[field]))
      next[field] = usual.find((name) => names.includes(name)) ?? "";
  return next;
}
