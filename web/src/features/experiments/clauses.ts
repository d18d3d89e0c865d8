const TOKEN = /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\s+|[^\s'"`]+/gs;

/** The comparisons of a filter, joined by AND outside of quotes; null when a quote is left open. */
export function clausesIn(filter: string): string[] | null {
  const tokens = filter.match(TOKEN) ?? [];
  if (tokens.join("").length !== filter.length) return null;
  const clauses = [""];
  for (const token of tokens) {
    if (token.toUpperCase() === "AND") clauses.push("");
    else clauses[clauses.length - 1] += token;
  }
  return clauses.map((one) => one.trim()).filter(Boolean);
}

export const joined = (clauses: readonly string[]): string => clauses.join(" AND ");

export type Operator = "=" | "!=" | ">" | ">=" | "<" | "<=" | "LIKE" | "IS NULL" | "IS NOT NULL";

/** The operators that suit a field. */
export function operatorsOf(field: string): Operator[] {
  if (field.startsWith("metrics.")) return [">", ">=", "<", "<=", "=", "!="];
  if (field === "attributes.start_time") return [">", ">=", "<", "<="];
  if (field.startsWith("attributes.")) return ["=", "!=", "LIKE"];
  return ["=", "!=", "LIKE", "IS NULL", "IS NOT NULL"];
}

export const needsValue = (operator: Operator): boolean => !operator.startsWith("IS");

/** "params.a b" as "params.`a b`", which the server reads whatever is in the key. */
export function quotedField(field: string): string {
  const dot = field.indexOf(".");
  const [group, key] = [field.slice(0, dot), field.slice(dot + 1)];
  return /^[\w.]+$/.test(key) ? field : `${group}.\`${key}\``;
}

export const quotedText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** One comparison in the grammar; null while its value makes no sense. */
export function clauseOf(field: string, operator: Operator, value: string): string | null {
  if (!needsValue(operator)) return `${quotedField(field)} ${operator}`;
  const isNumber = field.startsWith("metrics.");
  if (value.trim() === "" || (isNumber && !Number.isFinite(Number(value)))) return null;
  const shown = isNumber ? value.trim() : quotedText(value);
  return `${quotedField(field)} ${operator} ${shown}`;
}

const GROUP_FIELDS: Record<string, string> = {
  status: "attributes.status",
  author: "attributes.user_id",
};

/** The comparison that is true for the runs of a group. */
export function groupClause(by: string, value: string | null): string {
  const field = GROUP_FIELDS[by] ?? by;
  if (value === null) return `${quotedField(field)} IS NULL`;
  return `${quotedField(field)} = ${quotedText(value)}`;
}
