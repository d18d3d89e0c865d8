import { IconCircleCheckFilled } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Shape } from "@/api/types";
import { plural } from "@/lib/format";
import { deploymentPlace } from "@/lib/places";
import { Panel } from "@/ui/panel";
import { StatusBadge, Tag } from "@/ui/status-badge";
import classes from "./home.module.css";

interface Props {
  ws: string;
  rows: Shape<"FleetRow">[];
  deployments: number;
}

/** The deployments that need a person, worst first, each with its cause. */
export function NeedsAttention({ ws, rows, deployments }: Props) {
  return (
    <Panel title="Needs attention" flush>
      {rows.length === 0 ? (
        <p className={classes.quiet}>
          <IconCircleCheckFilled size={18} aria-hidden /> Nothing needs you.{" "}
          {plural(deployments, "deployment")} without findings.
        </p>
      ) : (
        <ul>
          {rows.map((row) => (
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
