import type { Shape } from "@/api/types";
import { happened } from "@/lib/happened";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import classes from "./home.module.css";

/** Who did what lately. */
export function Activity({ events }: { events: Shape<"ActivityOut">[] }) {
  if (events.length === 0) return null;
  return (
    <Panel title="Recent activity" flush>
      <ul>
        {events.map((event) => (
          <li key={`${event.at} ${event.action} ${event.object_id}`} className={classes.item}>
            <span style={{ minWidth: 0, overflowWrap: "anywhere" }}>
              <strong>{event.actor_name}</strong> {happened(event.action, event.object_type)}{" "}
              {event.object_name && <code>{event.object_name}</code>}
            </span>
            <span className="caption dim">
              <Time at={event.at} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
