import type { ReactNode } from "react";
import classes from "./states.module.css";
import { statusWord, toneOf } from "./status-badge";
import { toneClass } from "./tone";
import { ToneIcon } from "./tone-icon";

export interface ProgressStep {
  key: string;
  title: string;
  /** pending, running, done or failed. */
  status: string;
  detail?: string | null;
  /** "4.2 s". */
  time?: ReactNode;
}

/** Progress through named steps, announced as it moves. */
export function Stepper({ steps, label }: { steps: ProgressStep[]; label: string }) {
  return (
    <ol className={classes.steps} aria-label={label} aria-live="polite">
      {steps.map((step) => (
        <li
          key={step.key}
          className={classes.step}
          aria-current={step.status === "running" ? "step" : undefined}
        >
          <span className={`${classes.stepIcon} ${toneClass(toneOf(step.status))}`}>
            <ToneIcon tone={toneOf(step.status)} size={18} />
          </span>
          <div>
            <div className={classes.stepTitle}>
              {step.title}
              <span className="sr-only">: {statusWord(step.status)}</span>
            </div>
            {step.detail && <div className={classes.stepDetail}>{step.detail}</div>}
          </div>
          <span className={classes.stepTime} aria-live="off">
            {step.time}
          </span>
        </li>
      ))}
    </ol>
  );
}
