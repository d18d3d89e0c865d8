import { count } from "@/lib/format";
import { StatusBadge } from "@/ui/status-badge";
import type { Tone } from "@/ui/tone";
import type { Fleet } from "./api";
import classes from "./health-bar.module.css";

/** How many deployments are in which health, as words and as shares of a bar. */
export function HealthBar({ fleet }: { fleet: Fleet }) {
  const others = fleet.rows.length - fleet.healthy - fleet.degraded - fleet.failing;
  const parts: { name: string; tone: Tone; token: string; n: number }[] = [
    { name: "Failing", tone: "bad", token: "bad", n: fleet.failing },
    { name: "Degraded", tone: "warn", token: "warn", n: fleet.degraded },
    { name: "Healthy", tone: "ok", token: "ok", n: fleet.healthy },
    { name: "Stopped, starting or silent", tone: "idle", token: "idle", n: Math.max(others, 0) },
  ];
  const shown = parts.filter((part) => part.n > 0);
  return (
    <div className="stack tight">
      <ul className="row wrap" aria-label="Health of the fleet">
        {shown.map((part) => (
          <li key={part.name}>
            <StatusBadge tone={part.tone}>
              {count(part.n)} {part.name.toLowerCase()}
            </StatusBadge>
          </li>
        ))}
      </ul>
      <div className={classes.bar} aria-hidden>
        {shown.map((part) => (
          <span key={part.name} style={{ flexGrow: part.n, background: `var(--${part.token})` }} />
        ))}
      </div>
    </div>
  );
}
