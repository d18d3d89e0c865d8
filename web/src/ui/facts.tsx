import { Fragment, type ReactNode } from "react";
import classes from "./page.module.css";

/** A list of named facts: label on the left, value on the right. Facts that are `null` are left out. */
export function Facts({ of }: { of: [label: string, value: ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {of
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([label, value]) => (
          <Fragment key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}
