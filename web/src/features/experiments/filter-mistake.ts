export interface Span {
  start: number;
  end: number;
}

const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/s;

/** Where in the filter the server's sentence points: the text that it quotes, or the end; null when it is not told. */
export function mistakeIn(filter: string, message: string): Span | null {
  if (message.startsWith("The filter ends")) {
    return { start: filter.length, end: filter.length };
  }
  const found = QUOTED.exec(message);
  const quoted = (found?.[1] ?? found?.[2])?.replace(/\\(['"\\])/g, "$1");
  if (!quoted) return null;
  const start = filter.indexOf(quoted);
  if (start < 0 || filter.indexOf(quoted, start + 1) >= 0) return null;
  return { start, end: start + quoted.length };
}
