import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Delivery, deliveries, useReplay } from "./api";

const TONES = {
  delivered: "ok",
  waiting: "busy",
  dead: "bad",
  held: "idle",
  digested: "idle",
} as const;
const VIEWS = ["all", "dead"] as const;

/** What was said and whether it arrived; dead letters can be sent again. */
export function DeliveryLog() {
  const [view, setView] = useState<(typeof VIEWS)[number]>("all");
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useSuspenseInfiniteQuery(
    deliveries(view === "dead" ? "dead" : null),
  );
  const mayManage = usePermission("channels.manage");
  const { mutate: replay, error } = useReplay();
  const columns = useMemo<Column<Delivery>[]>(
    () => [
      { id: "at", header: "When", cell: (one) => <Time at={one.created_at} /> },
      { id: "channel", header: "Channel", cell: (one) => one.channel_name },
      { id: "title", header: "Message", cell: (one) => one.title },
      {
        id: "state",
        header: "State",
        cell: (one) => (
          <div>
            <StatusBadge tone={TONES[one.state]} status={one.state} />
            {one.last_error && (
              <div className="caption dim">
                {one.last_error} ({plural(one.attempts, "attempt")})
              </div>
            )}
          </div>
        ),
      },
      {
        id: "replay",
        header: "",
        align: "end",
        cell: (one) =>
          mayManage && one.state === "dead" ? (
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Send ${one.title} again`}
              onClick={() => replay(one.id)}
            >
              Send again
            </Button>
          ) : null,
      },
    ],
    [mayManage, replay],
  );
  const rows = data.pages.flatMap((page) => page.items);
  return (
    <Panel
      title="Deliveries"
      flush
      action={
        <Choice
          label="Show"
          value={view}
          options={VIEWS}
          names={{ all: "All", dead: "Not delivered" }}
          onChange={setView}
        />
      }
    >
      {error && <Refused error={error} />}
      {rows.length === 0 ? (
        <EmptyState title={view === "dead" ? "Everything arrived" : "Nothing was sent yet"}>
          Test a channel, or wait for an alert.
        </EmptyState>
      ) : (
        <DataTable
          label="Deliveries"
          columns={columns}
          rows={rows}
          rowKey={(one) => one.id}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          loadingMore={isFetchingNextPage}
        />
      )}
    </Panel>
  );
}
