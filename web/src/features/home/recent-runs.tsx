import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Shape } from "@/api/types";
import { number } from "@/lib/format";
import { runPlace } from "@/lib/places";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";

type Run = Shape<"RunSummary">;

/** The latest runs of the workspace. */
export function RecentRuns({ ws, runs }: { ws: string; runs: Run[] }) {
  const columns = useMemo<Column<Run>[]>(
    () => [
      {
        id: "name",
        header: "Run",
        cell: (run) => <Link to={runPlace(ws, run.id)}>{run.name}</Link>,
      },
      { id: "status", header: "Status", cell: (run) => <StatusBadge status={run.status} /> },
      { id: "metric", header: "Metric", cell: (run) => <FirstMetric run={run} /> },
      { id: "by", header: "By", cell: (run) => run.user_name },
      {
        id: "started",
        header: "Started",
        align: "end",
        cell: (run) => <Time at={run.started_at} />,
      },
    ],
    [ws],
  );
  return (
    <Panel title="Recent runs" flush>
      <DataTable label="Recent runs" columns={columns} rows={runs} rowKey={(run) => run.id} />
    </Panel>
  );
}

function FirstMetric({ run }: { run: Run }) {
  const [first] = Object.entries(run.metrics);
  if (!first) return <span className="dim">–</span>;
  return (
    <span className="num">
      <span className="dim">{first[0]}</span> {number(first[1])}
    </span>
  );
}
