import type { ReactNode } from "react";
import classes from "./states.module.css";
import { type Tone, toneClass } from "./tone";
import { ToneIcon } from "./tone-icon";

const TONES: Record<string, Tone> = {
  // deployments
  requested: "busy",
  building: "busy",
  verifying: "busy",
  starting: "busy",
  deploying: "busy",
  stopping: "busy",
  shifting: "busy",
  standby: "idle",
  ready: "ok",
  degraded: "warn",
  stopped: "idle",
  failed: "bad",
  // fleet
  healthy: "ok",
  failing: "bad",
  unknown: "unknown",
  // runs
  running: "busy",
  scheduled: "busy",
  finished: "ok",
  killed: "idle",
  waiting: "busy",
  cancelled: "idle",
  // checks and steps
  pending: "unknown",
  passed: "ok",
  done: "ok",
  skipped: "idle",
  installing: "busy",
  removing: "busy",
  // drift
  ok: "ok",
  changed_small: "idle",
  drifting: "warn",
  faulty: "warn",
  broken: "warn",
  not_enough_data: "unknown",
  no_reference: "unknown",
  excluded: "idle",
  // versions
  pending_registration: "busy",
  failed_registration: "bad",
  suspicious: "warn",
  blocked: "bad",
  // alert rules
  firing: "bad",
  recovering: "busy",
  no_data: "unknown",
  // deliveries
  delivered: "ok",
  dead: "bad",
  // audit
  denied: "warn",
};

/** The tone of any status word the API uses; what it does not know is "unknown". */
export const toneOf = (status: string): Tone => TONES[status.toLowerCase()] ?? "unknown";

/** "not_enough_data" as "Not enough data". */
export function statusWord(status: string): string {
  const words = status.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface Props {
  /** A status word of the API; gives tone and text. */
  status?: string;
  tone?: Tone;
  children?: ReactNode;
  title?: string;
  /** Why: shown on hover, and read out. */
  reason?: string | undefined;
}

/** Icon, word and colour of a status. */
export function StatusBadge(props: Props) {
  const { status = "unknown", tone = toneOf(status), children, reason, title = reason } = props;
  return (
    <span className={`${classes.badge} ${toneClass(tone)}`} title={title}>
      <ToneIcon tone={tone} />
      {children ?? statusWord(status)}
      {reason && <span className="sr-only">: {reason}</span>}
    </span>
  );
}

/** A neutral label: environment, version, framework, tag. */
export function Tag({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span className={classes.tag} title={title}>
      {children}
    </span>
  );
}
