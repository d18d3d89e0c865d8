import { Button } from "@mantine/core";
import { useState } from "react";
import { bytes, plural } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { Collection } from "./api";

type Item = NonNullable<Collection["report"]>["items"][number];
type Gone = NonNullable<Collection["report"]>["expired"][number];

/** The newest collections; one opens to show what it found. */
export function Collections({ of }: { of: Collection[] }) {
  const [opened, setOpened] = useState<string | null>(null);
  if (of.length === 0)
    return (
      <EmptyState title="No collection yet">
        A dry run tells what would go and changes nothing.
      </EmptyState>
    );
  const shown = of.find((one) => one.id === opened);
  return (
    <>
      <DataTable
        label="Collections"
        columns={columnsOf(opened, setOpened)}
        rows={of}
        rowKey={(one) => one.id}
      />
      {shown?.report && <Found report={shown.report} />}
    </>
  );
}

const columnsOf = (
  opened: string | null,
  open: (id: string | null) => void,
): Column<Collection>[] => [
  {
    id: "when",
    header: "When",
    cell: (one) => (
      <span className="row wrap">
        <Time at={one.created_at} />
        <span className="dim">{one.is_scheduled ? "daily" : `by ${one.started_by_name}`}</span>
        {one.is_dry_run && <Tag>Dry run</Tag>}
      </span>
    ),
  },
  {
    id: "state",
    header: "State",
    cell: (one) => (
      <span title={one.error ?? undefined}>
        <StatusBadge
          status={one.state}
          {...(one.state === "waiting" ? { tone: "busy" as const } : {})}
        />
        {one.error && <span className="dim"> {one.error}</span>}
      </span>
    ),
  },
  { id: "result", header: "Result", cell: (one) => resultOf(one) },
  {
    id: "found",
    header: "",
    align: "end",
    cell: (one) =>
      one.report && (
        <Button
          size="xs"
          variant="subtle"
          aria-expanded={opened === one.id}
          onClick={() => open(opened === one.id ? null : one.id)}
        >
          {opened === one.id ? "Hide what it found" : "What it found"}
        </Button>
      ),
  },
];

/** "Removed 3 contents (12 KB); 2 more wait". */
export function resultOf(one: Collection): string {
  if (!one.report) return one.removed_count > 0 ? removed(one) : "–";
  const { due, waiting, expired_count } = one.report;
  const done = one.is_dry_run
    ? `Would remove ${plural(due.count, "content")} (${bytes(due.size_bytes)})`
    : removed(one);
  const bin = one.is_dry_run ? expired_count : one.expired_count;
  const parts = [done];
  if (bin > 0) parts.push(`${plural(bin, "thing")} from the bins`);
  if (waiting.count > 0)
    parts.push(`${plural(waiting.count, "content")} (${bytes(waiting.size_bytes)}) in grace`);
  return parts.join("; ");
}

const removed = (one: Collection): string =>
  `Removed ${plural(one.removed_count, "content")} (${bytes(one.removed_bytes)})`;

function Found({ report }: { report: NonNullable<Collection["report"]> }) {
  if (report.items.length === 0 && report.expired.length === 0)
    return (
      <p className="dim" style={{ padding: "var(--space-3) var(--space-4)" }}>
        Everything in the store was held: {plural(report.stored.count, "content")},{" "}
        {bytes(report.stored.size_bytes)}.
      </p>
    );
  return (
    <>
      {report.expired.length > 0 && (
        <DataTable
          label="From the bins"
          columns={GONE}
          rows={report.expired}
          rowKey={(gone) => `${gone.kind} ${gone.name}`}
        />
      )}
      {report.items.length > 0 && (
        <DataTable
          label="Held by nothing"
          columns={ITEMS}
          rows={report.items}
          rowKey={(item) => item.sha256}
        />
      )}
    </>
  );
}

const GONE: Column<Gone>[] = [
  { id: "what", header: "Deleted long ago", cell: (gone) => `${gone.kind} ${gone.name}` },
  { id: "size", header: "Size", align: "end", cell: (gone) => bytes(gone.size_bytes) },
];

const ITEMS: Column<Item>[] = [
  {
    id: "sha256",
    header: "Held by nothing",
    cell: (item) => <code title={item.sha256}>{item.sha256.slice(0, 16)}…</code>,
  },
  { id: "size", header: "Size", align: "end", cell: (item) => bytes(item.size_bytes) },
  { id: "arrived", header: "Arrived", cell: (item) => <Time at={item.arrived_at} /> },
  {
    id: "goes",
    header: "Goes",
    cell: (item) =>
      item.is_due ? "With the next collection" : <Time at={item.goes_after} absolute />,
  },
];
