export const LEVELS = ["error", "warning", "info", "debug", "other"] as const;
export type Level = (typeof LEVELS)[number];

const WORDS: Record<string, Level> = {
  critical: "error",
  fatal: "error",
  error: "error",
  warning: "warning",
  warn: "warning",
  info: "info",
  debug: "debug",
  trace: "debug",
};
const NAMES = "critical|fatal|error|warning|warn|info|debug|trace";
const HEAD = 80; // characters; further on the word is part of what is said
// WARNING:root:…, 2026-11-21 08:00:00 INFO …, [info ], level=info, "level": "info"
const CARRIED = [
  new RegExp(`\\b(${NAMES.toUpperCase()})\\b`),
  new RegExp(`\\[(${NAMES})\\s*\\]`, "i"),
  new RegExp(`\\blevel"?\\s*[=:]\\s*"?(${NAMES})\\b`, "i"),
  new RegExp(`^(${NAMES})\\b\\s*:`, "i"),
];
const RAISED = /^(Traceback \(most recent call last\)|[\w.]*(Error|Exception)\b)/;
const WARNED = /\b\w*Warning: /;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals take for colours and moves
const FOR_TERMINALS = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** A line as it is read, without what only a terminal understands. */
export const readable = (line: string): string => line.replace(FOR_TERMINALS, "");

/** The level that a line of a model server's log carries; "other" when it carries none. */
export function levelOf(line: string): Level {
  const head = line.slice(0, HEAD);
  for (const pattern of CARRIED) {
    const level = WORDS[pattern.exec(head)?.[1]?.toLowerCase() ?? ""];
    if (level) return level;
  }
  if (RAISED.test(head)) return "error";
  return WARNED.test(line) ? "warning" : "other";
}
