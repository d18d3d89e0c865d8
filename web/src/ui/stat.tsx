import type { ReactNode } from "react";
import classes from "./states.module.css";

interface Props {
  label: string;
  value: ReactNode;
  note?: ReactNode;
}

/** One number with its name: a metric tile. */
export function Stat({ label, value, note }: Props) {
  return (
    <div className={classes.stat}>
      <div className={classes.statLabel}>{label}</div>
      <div className={classes.statValue}>{value}</div>
      {note && <div className={classes.statNote}>{note}</div>}
    </div>
  );
}
