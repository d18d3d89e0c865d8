import { Link } from "@tanstack/react-router";
import { type NavigationEntry, navigation, settingsEntry } from "./navigation";
import { OpenAlerts } from "./open-alerts";
import classes from "./shell.module.css";

/** The left rail: product mark, groups, settings at the foot. */
export function Rail({ ws, onNavigate }: { ws: string; onNavigate?: (() => void) | undefined }) {
  return (
    <div className={classes.rail}>
      <Link className={classes.mark} to="/w/$ws/home" params={{ ws }} onClick={onNavigate}>
        <img src="/favicon.svg" alt="" width={26} height={26} />
        Modelyard
      </Link>
      <nav className={classes.nav} aria-label="Main">
        {navigation(ws).map((group) => (
          <ul key={group.name ?? "start"} className={classes.group}>
            {group.name && (
              <li className={classes.groupName} aria-hidden>
                {group.name}
              </li>
            )}
            {group.entries.map((entry) => (
              <Item key={entry.label} entry={entry} onNavigate={onNavigate} />
            ))}
          </ul>
        ))}
      </nav>
      <ul className={classes.railFoot}>
        <Item entry={settingsEntry(ws)} onNavigate={onNavigate} />
      </ul>
    </div>
  );
}

interface ItemProps {
  entry: NavigationEntry;
  onNavigate?: (() => void) | undefined;
}

function Item({ entry, onNavigate }: ItemProps) {
  return (
    <li>
      <Link {...entry.link} className={classes.item} onClick={onNavigate}>
        <entry.icon size={18} stroke={1.7} aria-hidden />
        {entry.label}
        {entry.counts === "alerts" && <OpenAlerts />}
      </Link>
    </li>
  );
}
