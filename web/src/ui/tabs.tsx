import type { ReactNode } from "react";
import classes from "./page.module.css";

/** The class that makes a router `Link` a tab; the active link carries `aria-current`. */
export const tabClass = classes.tab ?? "";

/** A row of tabs that are links: `<Tabs label="Deployment"><Link className={tabClass} …/></Tabs>`. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {children}
    </nav>
  );
}
