import { Progress } from "@mantine/core";
import { IconDatabaseImport } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { count } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Import, imports, progressOf } from "./api";

const COLUMNS: Column<Import>[] = [
  {
    id: "source",
    header: "Source",
    cell: (one) => (
      <>
        <code>{one.source}</code>
        <div className="dim small">{one.kind}</div>
      </>
    ),
  },
  { id: "status", header: "Status", cell: (one) => <Status one={one} /> },
  { id: "progress", header: "Progress", cell: (one) => <Bar one={one} /> },
  { id: "runs", header: "New runs", align: "end", cell: (one) => count(one.done.run ?? 0) },
  {
    id: "versions",
    header: "New versions",
    align: "end",
    cell: (one) => count(one.done.version ?? 0),
  },
  { id: "by", header: "By", cell: (one) => one.started_by_name },
  { id: "started", header: "Started", cell: (one) => <Time at={one.started_at} /> },
];

/** The newest imports with how far they are. */
export function ImportList() {
  const { data } = useSuspenseQuery(imports());
  if (data.length === 0) {
    return (
      <EmptyState
        icon={<IconDatabaseImport size={22} stroke={1.7} />}
        title="Nothing was imported yet"
      >
        Copy a command from above. Progress appears here while it runs.
      </EmptyState>
    );
  }
  return <DataTable label="Imports" columns={COLUMNS} rows={data} rowKey={(one) => one.id} />;
}

function Status({ one }: { one: Import }) {
  return (
    <>
      <StatusBadge status={one.status} />
      {one.error && <div className="dim small">{one.error}</div>}
    </>
  );
}

function Bar({ one }: { one: Import }) {
  const { through, planned } = progressOf(one);
  const label = `${count(through)} of ${count(planned)}`;
  return (
    <div style={{ minWidth: 140 }}>
      <Progress.Root size="sm">
        <Progress.Section
          value={planned ? (100 * through) / planned : 100}
          aria-label={`Progress of ${one.source}: ${label}`}
        />
      </Progress.Root>
      <div className="dim small">{label}</div>
    </div>
  );
}
