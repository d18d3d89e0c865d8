import { type ReactNode, useEffect, useRef } from "react";
import classes from "./page.module.css";

interface Props {
  title: string;
  /** The part of the page in sight, for the browser tab: "Drift". */
  part?: string | undefined;
  /** The way back up: links, outermost first. */
  crumbs?: ReactNode[];
  /** A `StatusBadge` beside the title. */
  status?: ReactNode;
  meta?: ReactNode;
  actions?: ReactNode;
}

/** The top of every page: one h1, which takes the focus and names the browser tab. */
export function PageHeader({ title, part, crumbs = [], status, meta, actions }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = [part, title, "Modelyard"].filter(Boolean).join(" · ");
  }, [title, part]);
  useEffect(() => {
    const active = document.activeElement;
    if (!active || active === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <header className={classes.header}>
      <div className={classes.words}>
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumb">
            <ol className={classes.crumbs}>
              {crumbs.map((crumb, depth) => (
                <li key={depth}>{crumb}</li>
              ))}
            </ol>
          </nav>
        )}
        <div className={classes.titleRow}>
          <h1 className={classes.title} ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {status}
        </div>
        {meta && <div className={classes.meta}>{meta}</div>}
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}
