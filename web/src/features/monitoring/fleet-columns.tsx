import { Link } from "@tanstack/react-router";
import { compact, count, latency, number, percent } from "@/lib/format";
import { here } from "@/lib/here";
import { METRIC_NAMES } from "@/lib/metric-names";
import { Sparkline } from "@/ui/charts/sparkline";
import type { Column } from "@/ui/data-table";
import { DriftLink } from "@/ui/drift-link";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { FleetRow } from "./api";

/** What outcomes say of a deployment: how right it was, and how many of its calls that rests on. */
function Outcomes({ of }: { of: FleetRow }) {
  return (
    <Link
      to="/w/$ws/deployments/$dep"
      params={{ ...here(), dep: of.deployment_id }}
      search={{ tab: "quality" }}
      title={certainty(of.performance)}
    >
      <span className="sr-only">Outcomes of {of.name}: </span>
      {of.performance && (
        <div style={{ whiteSpace: "nowrap" }} className={of.performance.few ? "dim" : undefined}>
          {METRIC_NAMES[of.performance.metric]} {number(of.performance.value)}
        </div>
      )}
      {of.coverage === null ? (
        "none"
      ) : (
        <span className="caption dim" style={{ whiteSpace: "nowrap" }}>
          {percent(of.coverage)} of calls
        </span>
      )}
    </Link>
  );
}

function certainty(told: FleetRow["performance"]): string {
  if (!told) return "Share of the answered calls with an outcome";
  const { low, high } = told;
  const between =
    low !== null && high !== null ? `${number(low)} to ${number(high)} at 95 %, ` : "";
  return `${between}of ${count(told.n)} outcomes${told.few ? ": few, it says little" : ""}`;
}

/** What the fleet shows of each deployment. */
export const fleetColumns: Column<FleetRow>[] = [
  {
    id: "name",
    header: "Deployment",
    cell: (row) => (
      <div>
        <div className="truncate" style={{ maxWidth: 220 }} title={row.name}>
          <Link to="/w/$ws/deployments/$dep" params={{ ...here(), dep: row.deployment_id }}>
            {row.name}
          </Link>
        </div>
        <span className="caption dim">
          {row.environment}
          {row.version !== null && ` · v${row.version}`}
        </span>
      </div>
    ),
  },
  {
    id: "health",
    header: "Health",
    width: 220,
    cell: (row) => (
      <div>
        <span title={row.reasons.join("\n")}>
          <StatusBadge status={row.health} />
        </span>
        {row.reasons.map((reason) => (
          <div key={reason} className="caption dim clamp" title={reason}>
            {reason}
          </div>
        ))}
      </div>
    ),
  },
  {
    id: "owner",
    header: "Owner",
    sortBy: (row) => row.owner || null,
    cell: (row) => (
      <div className="truncate" style={{ maxWidth: 110 }} title={row.owner}>
        {row.owner || <span className="dim">Nobody</span>}
      </div>
    ),
  },
  {
    id: "requests",
    header: "Requests",
    align: "end",
    sortBy: (row) => row.requests,
    cell: (row) => compact(row.requests),
  },
  {
    id: "errors",
    header: "Errors",
    align: "end",
    sortBy: (row) => row.error_rate,
    cell: (row) => percent(row.error_rate),
  },
  {
    id: "p95",
    header: "p95",
    align: "end",
    sortBy: (row) => row.p95_ms,
    cell: (row) => (
      <div style={{ whiteSpace: "nowrap" }}>
        {latency(row.p95_ms)}
        <div className="caption dim">p99 {latency(row.p99_ms)}</div>
      </div>
    ),
  },
  {
    id: "drift",
    header: "Drift",
    cell: (row) => (
      <DriftLink of={row}>
        {row.drift === "drifting" && !row.is_drift_confirmed && (
          <div className="caption dim" style={{ whiteSpace: "nowrap" }}>
            not confirmed yet
          </div>
        )}
      </DriftLink>
    ),
  },
  {
    id: "quality",
    header: "Data",
    cell: (row) => (
      <StatusBadge status={row.quality} reason={row.quality_reason}>
        {row.quality === "ok" ? "Sound" : undefined}
      </StatusBadge>
    ),
  },
  {
    id: "coverage",
    header: "Outcomes",
    align: "end",
    sortBy: (row) => row.coverage,
    cell: (row) => <Outcomes of={row} />,
  },
  {
    id: "sparkline",
    header: "Traffic",
    cell: (row) => (
      <Sparkline values={row.sparkline} label={`Requests of ${row.name} over the range`} />
    ),
  },
  {
    id: "last",
    header: "Last request",
    cell: (row) => (
      <div>
        <Time at={row.last_request_at} />
        <div className="caption dim">
          deployed <Time at={row.live_since} />
        </div>
      </div>
    ),
  },
];
