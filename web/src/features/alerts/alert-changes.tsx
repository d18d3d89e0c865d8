import { useSuspenseQuery } from "@tanstack/react-query";
import { Panel } from "@/ui/panel";
import { statusWord, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import classes from "./alerts.module.css";
import { alertChanges } from "./api";

/** What changed in the day before, the likeliest cause first. */
export function AlertChanges({ id }: { id: string }) {
  const { data } = useSuspenseQuery(alertChanges(id));
  return (
    <Panel title="What changed before it" note="By closeness in time and size" flush>
      {data.length === 0 ? (
        <p className="dim" style={{ padding: 16 }}>
          Nothing was deployed, no traffic jumped and no column moved in the 24 hours before.
        </p>
      ) : (
        <ol>
          {data.map((change) => (
            <li key={`${change.kind} ${change.title} ${change.at}`} className={classes.change}>
              <span className="row wrap">
                <strong>{change.title}</strong>
                <Tag>{statusWord(change.kind)}</Tag>
                <span className="small dim">
                  <Time at={change.at} />
                </span>
              </span>
              <span
                className={classes.meter}
                role="img"
                aria-label={`Closeness ${Math.round(change.closeness * 100)} of 100`}
              >
                <span style={{ width: `${Math.round(change.closeness * 100)}%` }} />
              </span>
              <span className="small dim">{change.detail}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
