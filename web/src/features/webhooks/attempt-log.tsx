import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { latency } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Attempt, attempts, type Webhook } from "./api";
import { EVENT_NAMES } from "./events";

const COLUMNS: Column<Attempt>[] = [
  { id: "at", header: "When", cell: (one) => <Time at={one.at} /> },
  {
    id: "event",
    header: "Event",
    cell: (one) => (
      <div>
        <span className="row wrap">
          {EVENT_NAMES[one.event]} {one.is_test && <Tag>Test</Tag>}
        </span>
        <div className="caption dim mono" style={{ overflowWrap: "anywhere" }}>
          {one.delivery_id}
        </div>
      </div>
    ),
  },
  { id: "attempt", header: "Attempt", align: "end", cell: (one) => one.attempt },
  { id: "signed", header: "Signed", cell: (one) => (one.is_signed ? "Yes" : "No") },
  { id: "took", header: "Took", align: "end", cell: (one) => latency(one.took_ms) },
  {
    id: "outcome",
    header: "Outcome",
    cell: (one) => (
      <div>
        <StatusBadge tone={one.failure === null ? "ok" : one.will_retry ? "busy" : "bad"}>
          {one.status ?? "No answer"}
        </StatusBadge>
        {one.failure && (
          <div className="caption dim">
            {one.failure} {one.will_retry && "It is tried again."}
          </div>
        )}
      </div>
    ),
  },
];

/** The newest attempts to tell one webhook. */
export function AttemptLog({ webhook }: { webhook: Webhook }) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useSuspenseInfiniteQuery(
    attempts(webhook.id),
  );
  const rows = data.pages.flatMap((page) => page.items);
  return (
    <Panel title={`Deliveries to ${webhook.name}`} note="The newest 200 attempts are kept" flush>
      {rows.length === 0 ? (
        <EmptyState title="Nothing was sent yet">
          Test the webhook, or wait for one of its events.
        </EmptyState>
      ) : (
        <DataTable
          label={`Deliveries to ${webhook.name}`}
          columns={COLUMNS}
          rows={rows}
          rowKey={(one) => one.id}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          loadingMore={isFetchingNextPage}
        />
      )}
    </Panel>
  );
}
