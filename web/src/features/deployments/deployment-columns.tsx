import { Link } from "@tanstack/react-router";
import { compact, latency, percent } from "@/lib/format";
import { here } from "@/lib/here";
import type { Column } from "@/ui/data-table";
import { DriftLink } from "@/ui/drift-link";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { Deployment, Glance } from "./api";
import { money } from "./cost";

const NONE = <span className="dim">–</span>;

/** What the list shows of each deployment: what it is, and how it did in the last day. */
export function columnsOf(
  names: Record<string, string>,
  seen: Map<string, Glance>,
): Column<Deployment>[] {
  const of = (row: Deployment) => seen.get(row.id);
  return [
    {
      id: "name",
      header: "Name",
      sortBy: (row) => row.name,
      cell: (row) => (
        <Link to="/w/$ws/deployments/$dep" params={{ ...here(), dep: row.id }}>
          {row.name}
        </Link>
      ),
    },
    {
      id: "environment",
      header: "Environment",
      sortBy: (row) => row.environment,
      cell: (row) => <Tag>{names[row.environment] ?? row.environment}</Tag>,
    },
    {
      id: "status",
      header: "Status",
      sortBy: (row) => row.status,
      cell: (row) => (
        <StatusBadge
          status={row.status}
          {...(row.status_reason ? { title: row.status_reason } : {})}
        />
      ),
    },
    {
      id: "model",
      header: "Model",
      sortBy: (row) => row.model_name,
      cell: (row) => (
        <Link to="/w/$ws/models/$model" params={{ ...here(), model: row.model_id }}>
          {row.model_name}
          {row.live_revision && ` v${row.live_revision.version}`}
        </Link>
      ),
    },
    {
      id: "requests",
      header: "Requests, 24 h",
      align: "end",
      sortBy: (row) => of(row)?.requests ?? null,
      cell: (row) => compact(of(row)?.requests ?? 0),
    },
    {
      id: "errors",
      header: "Errors",
      align: "end",
      sortBy: (row) => of(row)?.error_rate ?? null,
      cell: (row) => percent(of(row)?.error_rate ?? null),
    },
    {
      id: "p95",
      header: "p95",
      align: "end",
      sortBy: (row) => of(row)?.p95_ms ?? null,
      cell: (row) => latency(of(row)?.p95_ms ?? null),
    },
    {
      id: "drift",
      header: "Drift",
      cell: (row) => {
        const glance = of(row);
        return glance ? <DriftLink of={glance} /> : NONE;
      },
    },
    {
      id: "cost",
      header: "Cost so far",
      align: "end",
      sortBy: (row) => row.cost?.amount ?? null,
      cell: (row) =>
        row.cost ? (
          <span title="Hours live and awake, at the environment's price of today">
            {money(row.cost)}
          </span>
        ) : (
          NONE
        ),
    },
    {
      id: "owner",
      header: "Owner",
      sortBy: (row) => of(row)?.owner || null,
      cell: (row) => of(row)?.owner || NONE,
    },
    {
      id: "updated",
      header: "Last change",
      sortBy: (row) => row.updated_at,
      cell: (row) => <Time at={row.updated_at} />,
    },
  ];
}
