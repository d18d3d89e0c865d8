import { type ReactNode, useEffect, useRef } from "react";
import classes from "./page.module.css";

/** The class that makes a router `Link` a tab; the active link carries `aria-current`. */
export const tabClass = classes.tab ?? "";

/** A row of tabs that are links: `<Tabs label="Deployment"><Link className={tabClass} …/></Tabs>`. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  const row = useRef<HTMLElement>(null);
  const shown = useRef<Element>(null);
  // On phones the row scrolls, and the tab one comes to must be in sight.
  useEffect(() => {
    const current = row.current?.querySelector('[aria-current="page"]') ?? null;
    if (current === shown.current) return;
    shown.current = current;
    current?.scrollIntoView({ inline: "center", block: "nearest" });
  });
  return (
    <nav className={classes.tabs} aria-label={label} ref={row}>
      {children}
    </nav>
  );
}
