import type { ReactNode } from "react";
import classes from "./states.module.css";

interface Props {
  title: string;
  /** One line on what belongs here. */
  children?: ReactNode;
  icon?: ReactNode;
  /** The one next action. */
  action?: ReactNode;
  /** Copyable code that makes the first entry. */
  extra?: ReactNode;
}

/** The empty face of a view; never a dead end. */
export function EmptyState({ title, children, icon, action, extra }: Props) {
  return (
    <div className={classes.empty}>
      {icon && <div className={classes.emptyIcon}>{icon}</div>}
      <div className={classes.emptyTitle}>{title}</div>
      {children && <div className={classes.emptyText}>{children}</div>}
      {action && <div style={{ marginTop: 8 }}>{action}</div>}
      {extra && <div className={classes.emptyExtra}>{extra}</div>}
    </div>
  );
}
