/** Readers of search parameters: what is wrong falls back, never fails. */
export type Search = Record<string, unknown>;

export const oneOf = <Value extends string>(
  value: unknown,
  options: readonly Value[],
  otherwise: Value,
): Value => options.find((option) => option === value) ?? otherwise;

export const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

export const wholeNumber = (value: unknown): number | null => {
  const read = Number(value);
  return text(value) !== "" && Number.isInteger(read) && read > 0 ? read : null;
};
