import { IconCircleCheckFilled } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Shape } from "@/api/types";
import { plural } from "@/lib/format";
import { alertPlace, deploymentPlace } from "@/lib/places";
import { Panel } from "@/ui/panel";
import { StatusBadge, statusWord, Tag } from "@/ui/status-badge";
import classes from "./home.module.css";

interface Props {
  ws: string;
  alerts: Shape<"AlertRow">[];
  rows: Shape<"FleetRow">[];
  deployments: number;
}

const TONES = { critical: "bad", warning: "warn", info: "info" } as const;

/** What needs a person: open alerts, then deployments that no alert is about, each with its cause. */
export function NeedsAttention({ ws, alerts, rows, deployments }: Props) {
  const told = new Set(alerts.map((one) => one.deployment_id));
  const others = rows.filter((row) => !told.has(row.deployment_id));
  return (
    <Panel title="Needs you" flush>
      {alerts.length + others.length === 0 ? (
        <p className={classes.quiet}>
          <IconCircleCheckFilled size={18} aria-hidden /> Nothing needs you.{" "}
          {plural(deployments, "deployment")} without findings.
        </p>
      ) : (
        <ul>
          {alerts.map((one) => (
            <li key={one.id} className={classes.attention}>
              <span className="row wrap">
                <Link to={alertPlace(ws, one.id)}>
                  <strong>{one.title}</strong>
                </Link>
                <span>{one.deployment_name}</span>
                <Tag>{one.environment}</Tag>
              </span>
              <StatusBadge tone={TONES[one.severity]}>{statusWord(one.severity)}</StatusBadge>
              <span className="small dim">
                {one.signals.find((signal) => signal.ended_at === null)?.text}
              </span>
            </li>
          ))}
          {others.map((row) => (
            <li key={row.deployment_id} className={classes.attention}>
              <span className="row wrap">
                <Link to={deploymentPlace(ws, row.deployment_id)}>
                  <strong>{row.name}</strong>
                </Link>
                <Tag>{row.environment}</Tag>
              </span>
              {row.health === "healthy" && row.drift === "drifting" ? (
                <StatusBadge status="drifting" />
              ) : (
                <StatusBadge status={row.health} />
              )}
              <span className="small dim">{row.reasons[0] ?? row.drift_reason}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
