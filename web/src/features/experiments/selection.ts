/** How many runs can be compared at once. */
export const FEWEST_COMPARED = 2;
export const MOST_COMPARED = 50;
const MOST_KEPT = 100;

/** The run ids of an address: "a,b,c". */
export const idsIn = (text: string): string[] =>
  [...new Set(text.split(",").filter(Boolean))].slice(0, MOST_KEPT);

/** Selects what is not selected and the other way round. */
export const toggled = (selected: readonly string[], id: string): string[] =>
  selected.includes(id)
    ? selected.filter((one) => one !== id)
    : [...selected, id].slice(0, MOST_KEPT);

/** Adds everything between two rows of the table, both included. */
export function ranged(
  selected: readonly string[],
  shown: readonly string[],
  from: string,
  to: string,
): string[] {
  const [a, b] = [shown.indexOf(from), shown.indexOf(to)];
  if (a < 0 || b < 0) return toggled(selected, to);
  const between = shown.slice(Math.min(a, b), Math.max(a, b) + 1);
  return [...new Set([...selected, ...between])].slice(0, MOST_KEPT);
}

/** Why these runs cannot be compared yet; null when they can. */
export function whyNotCompared(selected: readonly string[]): string | null {
  if (selected.length < FEWEST_COMPARED) return "Select at least 2 runs to compare them";
  if (selected.length > MOST_COMPARED) return `At most ${MOST_COMPARED} runs can be compared`;
  return null;
}
