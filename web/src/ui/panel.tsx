import { type ReactNode, useId } from "react";
import classes from "./page.module.css";

interface Props {
  title?: string;
  note?: ReactNode;
  action?: ReactNode;
  /** No padding: for tables that reach the edges. */
  flush?: boolean;
  children: ReactNode;
}

/** A card with a heading; the unit that pages are made of. */
export function Panel({ title, note, action, flush = false, children }: Props) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={title ? id : undefined}>
      {(title || action) && (
        <div className={classes.panelHead}>
          <div>
            {title && (
              <h2 className={classes.panelTitle} id={id}>
                {title}
              </h2>
            )}
            {note && <div className={classes.panelNote}>{note}</div>}
          </div>
          {action}
        </div>
      )}
      <div className={flush ? classes.flush : classes.panelBody}>{children}</div>
    </section>
  );
}
