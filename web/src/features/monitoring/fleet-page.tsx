import { IconActivity } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { compact, latency, percent } from "@/lib/format";
import { here } from "@/lib/here";
import { Sparkline } from "@/ui/charts/sparkline";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { LiveMark } from "@/ui/live-mark";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type FleetRow, fleet } from "./api";
import { Dropped } from "./dropped";
import { useFleetLive } from "./fleet-live";
import { HealthBar } from "./health-bar";
import { FLEET_RANGES, type FleetRange } from "./ranges";

interface Props {
  range: FleetRange;
  onRange: (range: FleetRange) => void;
  /** More to do, from other features. */
  extra?: ReactNode;
}

/** All deployments at once, the worst first. */
export function FleetPage({ range, onRange, extra }: Props) {
  const live = useFleetLive(range);
  return (
    <>
      <PageHeader
        title="Monitoring"
        status={<LiveMark state={live} />}
        meta="Every deployment, the worst first."
        actions={
          <>
            {extra}
            <Choice label="Range" value={range} options={FLEET_RANGES} onChange={onRange} />
          </>
        }
      />
      <View loading={<TableSkeleton />}>
        <FleetTable range={range} />
      </View>
    </>
  );
}

function FleetTable({ range }: { range: FleetRange }) {
  const { data } = useSuspenseQuery(fleet(range));
  if (data.rows.length === 0) {
    return (
      <Panel>
        <EmptyState
          icon={<IconActivity size={22} />}
          title="Nothing to watch yet"
          action={
            <LinkButton to="/w/$ws/models" params={here()}>
              Go to models
            </LinkButton>
          }
        >
          Deploy a model; its requests, latency, errors and drift appear here.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <div className="stack">
      <HealthBar fleet={data} />
      {data.dropped_records > 0 && <Dropped records={data.dropped_records} />}
      <Panel flush>
        <DataTable
          label="Fleet"
          columns={columns}
          rows={data.rows}
          rowKey={(row) => row.deployment_id}
          holdsOrder
        />
      </Panel>
    </div>
  );
}

const columns: Column<FleetRow>[] = [
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
    cell: (row) => latency(row.p95_ms),
  },
  {
    id: "p99",
    header: "p99",
    align: "end",
    sortBy: (row) => row.p99_ms,
    cell: (row) => latency(row.p99_ms),
  },
  {
    id: "drift",
    header: "Drift",
    cell: (row) => (
      <Link
        to="/w/$ws/deployments/$dep"
        params={{ ...here(), dep: row.deployment_id }}
        search={{ tab: "drift" }}
      >
        <span className="sr-only">Drift of {row.name}: </span>
        <StatusBadge status={row.drift} reason={row.drift_reason}>
          {row.drift === "ok" ? "No drift" : undefined}
        </StatusBadge>
        {row.drift === "drifting" && !row.is_drift_confirmed && (
          <div className="caption dim" style={{ whiteSpace: "nowrap" }}>
            not confirmed yet
          </div>
        )}
      </Link>
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
      <div style={{ whiteSpace: "nowrap" }}>
        <Time at={row.last_request_at} />
        <div className="caption dim">
          deployed <Time at={row.live_since} />
        </div>
      </div>
    ),
  },
];
