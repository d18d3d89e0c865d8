const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const BYTES = ["B", "KB", "MB", "GB", "TB"];

/** 12 345 in full. */
export const count = (value: number): string => WHOLE.format(value);

/** Three significant digits; very small and very large values in scientific notation. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2);
  return SHORT.format(value);
}

/** 1.2K, 3.4M. */
export const compact = (value: number): string => COMPACT.format(value);

/** 0.0123 as 1.23 %. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${SHORT.format(share * 100)} %`;
}

/** Milliseconds with the unit that suits their size. */
export function latency(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  return ms >= 1_000 ? `${SHORT.format(ms / 1_000)} s` : `${SHORT.format(ms)} ms`;
}

/** Bytes in decimal units. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return "–";
  let [value, unit] = [size, 0];
  while (value >= 1_000 && unit < BYTES.length - 1) [value, unit] = [value / 1_000, unit + 1];
  return `${SHORT.format(value)} ${BYTES[unit]}`;
}

/** Seconds as "4.2 s", "3 min 10 s", "2 h 5 min". */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${SHORT.format(seconds)} s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  return hours > 0
    ? `${hours} h ${minutes % 60} min`
    : `${minutes} min ${Math.round(seconds % 60)} s`;
}

/** "1 run", "2 runs". */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;
