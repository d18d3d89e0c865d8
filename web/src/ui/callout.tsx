import type { ReactNode } from "react";
import classes from "./states.module.css";
import { type Tone, toneClass } from "./tone";
import { ToneIcon } from "./tone-icon";

interface Props {
  tone?: Tone;
  title?: string;
  children?: ReactNode;
  action?: ReactNode;
  /** "alert" for something that just went wrong, "status" for news. */
  role?: "alert" | "status";
}

/** A tinted remark with a 4 px edge: the fact, the cause, the way out. */
export function Callout({ tone = "info", title, children, action, role }: Props) {
  return (
    <div className={`${classes.callout} ${toneClass(tone)}`} role={role}>
      <ToneIcon tone={tone} size={18} />
      <div className={classes.calloutBody}>
        {title && <div className={classes.calloutTitle}>{title}</div>}
        {children}
      </div>
      {action}
    </div>
  );
}
