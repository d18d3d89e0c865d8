import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Time } from "@/ui/time";
import { type AuditEvent, auditEvents } from "./api";
import classes from "./audit.module.css";
import { EventDrawer } from "./event-drawer";
import type { AuditFilters } from "./filters";
import { ResultBadge } from "./result-badge";

interface Props {
  filters: AuditFilters;
  onClear: () => void;
}

/** The entries that the filters leave; one opens beside the list. */
export function AuditList({ filters, onClear }: Props) {
  const { data, fetchNextPage, hasNextPage, isFetchingNextPage } = useSuspenseInfiniteQuery(
    auditEvents(filters),
  );
  const [open, setOpen] = useState<AuditEvent | null>(null);
  const events = useMemo(() => data.pages.flatMap((page) => page.items), [data]);
  const columns = useMemo<Column<AuditEvent>[]>(
    () => [
      {
        id: "action",
        header: "Action",
        cell: (event) => (
          <button type="button" className={classes.open} onClick={() => setOpen(event)}>
            <code>{event.action}</code>
          </button>
        ),
      },
      {
        id: "object",
        header: "Object",
        cell: (event) => (
          <span>
            <span className="dim">{event.object_type.replaceAll("_", " ")}</span>{" "}
            {event.object_name ?? event.object_id ?? ""}
          </span>
        ),
      },
      { id: "who", header: "Who", cell: (event) => event.actor_name },
      {
        id: "result",
        header: "Result",
        cell: (event) => <ResultBadge result={event.result} />,
      },
      { id: "from", header: "From", cell: (event) => <code>{event.ip_address ?? "–"}</code> },
      { id: "at", header: "When", align: "end", cell: (event) => <Time at={event.at} /> },
    ],
    [],
  );
  if (events.length === 0) return <NothingFound filters={filters} onClear={onClear} />;
  return (
    <>
      <DataTable
        label="Audit log"
        columns={columns}
        rows={events}
        rowKey={(event) => event.id}
        onRowClick={setOpen}
        total={data.pages[0]?.total}
        onMore={hasNextPage ? () => void fetchNextPage() : undefined}
        loadingMore={isFetchingNextPage}
      />
      <EventDrawer event={open} onClose={() => setOpen(null)} />
    </>
  );
}

function NothingFound({ filters, onClear }: Props) {
  const active = Object.keys(filters).length;
  if (active === 0) {
    return (
      <EmptyState title="Nothing is recorded yet">
        Every change in this workspace is written here with who made it and what changed.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={`No entries match ${active === 1 ? "the filter" : `${active} filters`}`}
      action={
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      }
    />
  );
}
