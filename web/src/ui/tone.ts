import classes from "./states.module.css";

/** What a colour means. Never used alone: an icon and a word stand beside it. */
export type Tone = "ok" | "warn" | "bad" | "busy" | "idle" | "unknown" | "info";

/** The class that sets `--tone` and `--tone-bg`. */
export const toneClass = (tone: Tone): string => classes[tone] ?? "";
