import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { count, duration, percent, plural } from "@/lib/format";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Stat } from "@/ui/stat";
import { StatusBadge } from "@/ui/status-badge";

type Levels = Shape<"ServiceLevel">;

const RANGES = ["7", "30", "90"] as const;
const NAMES = { "7": "7 days", "30": "30 days", "90": "90 days" };

const levels = (days: string) =>
  queryOptions({
    queryKey: ["deployments", "levels", days],
    queryFn: async ({ signal }) =>
      body(
        await api.GET("/api/v1/serving/levels", {
          params: { query: { days: Number(days) } },
          signal,
        }),
      ),
  });

/** How rollouts do: against the promise, phase by phase, and whose fault failures were. */
export function ServiceLevelsPage() {
  const [days, setDays] = useState<(typeof RANGES)[number]>("30");
  const { data } = useSuspenseQuery(levels(days));
  const total = data.phases.find((one) => one.phase === "total");
  return (
    <div className="stack loose">
      <div className="row between wrap">
        <h2 style={{ fontSize: "1.125rem" }}>Rollouts</h2>
        <Choice label="Range" value={days} options={RANGES} names={NAMES} onChange={setDays} />
      </div>
      <div className="grid-4">
        <Stat
          label="Without a fault of the platform"
          value={data.success === null ? "–" : percent(data.success)}
          note={`target ${percent(data.target_success)}, ${plural(data.rollouts, "rollout")}`}
        />
        <Stat
          label="Until traffic, p95"
          value={seconds(total?.p95)}
          note={`target ${duration(data.target_seconds)}, p50 ${seconds(total?.p50)}`}
        />
        <Stat
          label="Failed by the model"
          value={count(data.failed_user)}
          note="could not be installed, loaded or reproduced, or did worse than before"
        />
        <Stat
          label="Failed by the platform"
          value={count(data.failed_platform)}
          note="storage, node or a defect of ours"
        />
      </div>
      <Panel
        title="Time by phase"
        note="Of rollouts that went live. Sample projects are left out."
        flush
      >
        <DataTable
          label="Time by phase"
          columns={phaseColumns}
          rows={data.phases}
          rowKey={(row) => row.phase}
        />
      </Panel>
      <Panel title="Failures" flush>
        {data.failures.length === 0 ? (
          <EmptyState title={`No rollout failed in the last ${NAMES[days]}`} />
        ) : (
          <DataTable
            label="Failures"
            columns={failureColumns}
            rows={data.failures}
            rowKey={(row) => `${row.fault} ${row.phase}`}
          />
        )}
      </Panel>
    </div>
  );
}

const seconds = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : duration(value);

const word = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const phaseColumns: Column<Levels["phases"][number]>[] = [
  { id: "phase", header: "Phase", cell: (row) => word(row.phase) },
  { id: "count", header: "Rollouts", align: "end", cell: (row) => count(row.count) },
  { id: "p50", header: "p50", align: "end", cell: (row) => seconds(row.p50) },
  { id: "p95", header: "p95", align: "end", cell: (row) => seconds(row.p95) },
];

const failureColumns: Column<Levels["failures"][number]>[] = [
  {
    id: "fault",
    header: "Fault",
    cell: (row) => (
      <StatusBadge tone={row.fault === "platform" ? "bad" : "warn"}>
        {row.fault === "platform" ? "Platform" : "Model"}
      </StatusBadge>
    ),
  },
  { id: "phase", header: "Phase", cell: (row) => word(row.phase) },
  { id: "count", header: "Rollouts", align: "end", cell: (row) => count(row.count) },
  { id: "example", header: "Newest reason", cell: (row) => row.example },
];
