import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import type { Shape } from "@/api/types";
import { Panel } from "@/ui/panel";
import classes from "./home.module.css";

type Step = Shape<"StartStep">;

const WORDS: Record<Step["key"], { title: string; text: string }> = {
  run: { title: "See a run", text: "Load the sample project, or send a run from your own code." },
  model: { title: "Register a model", text: "A run's model becomes version 1 of a named series." },
  deployment: {
    title: "Deploy it",
    text: "Quick deploy on the model's row picks the setup and says why.",
  },
  prediction: {
    title: "Send a prediction",
    text: "With curl and an endpoint key, or Try it on the deployment.",
  },
  drift: {
    title: "Compare live traffic with the training data",
    text: "The Drift tab shows it, feature by feature.",
  },
};

/** The way to a watched model. A step ticks when the server has seen the fact; done, the card goes away. */
export function StartChecklist({ steps }: { steps: Step[] }) {
  const done = steps.filter((step) => step.done).length;
  if (done === steps.length) return null;
  return (
    <Panel title="Getting started" note={`${done} of ${steps.length} done`}>
      <ol aria-label="Getting started">
        {steps.map((step) => (
          <li key={step.key} className={`${classes.check} ${step.done ? classes.done : ""}`}>
            <span className={classes.checkIcon}>
              {step.done ? (
                <IconCircleCheckFilled size={18} aria-hidden />
              ) : (
                <IconCircle size={18} aria-hidden />
              )}
            </span>
            <div>
              <div className={classes.checkTitle}>
                {WORDS[step.key].title}
                <span className="sr-only">{step.done ? ": done" : ": to do"}</span>
              </div>
              {!step.done && <div className="small dim">{WORDS[step.key].text}</div>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
