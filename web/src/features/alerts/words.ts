import type { Tone } from "@/ui/tone";
import type { AlertRow, Resolution } from "./api";

export const SEVERITY_TONES: Record<AlertRow["severity"], Tone> = {
  critical: "bad",
  warning: "warn",
  info: "info",
};

export const RESOLUTIONS: Record<Resolution, string> = {
  fixed: "Fixed",
  rolled_back: "Rolled back",
  bad_data: "The data were wrong",
  expected: "An expected change",
  false_alarm: "A false alarm",
  other: "Another reason",
};

const ENDED: Record<string, string> = {
  ...RESOLUTIONS,
  recovered: "Recovered by itself",
  acted: "Recovered after an action",
  rule_removed: "Its rule was switched off",
};

/** How an alert ended, in words. */
export const ended = (resolution: string | null): string =>
  resolution ? (ENDED[resolution] ?? resolution) : "";

export const SNOOZES = [
  { minutes: 30, label: "30 minutes" },
  { minutes: 120, label: "2 hours" },
  { minutes: 1440, label: "1 day" },
] as const;

/** The signals of an alert that still fire; of one that has ended, all. */
export const standing = (row: AlertRow): AlertRow["signals"] => {
  const open = row.signals.filter((signal) => signal.ended_at === null);
  return open.length > 0 ? open : row.signals;
};
