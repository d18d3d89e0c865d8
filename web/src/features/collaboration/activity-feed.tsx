import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { happened } from "@/lib/happened";
import { EmptyState } from "@/ui/empty-state";
import { Time } from "@/ui/time";
import { type FeedEvent, type FeedFilter, feed } from "./api";
import classes from "./collaboration.module.css";

/** What happened, newest first: in the workspace, or to one thing. */
export function ActivityFeed({ filter }: { filter: FeedFilter }) {
  const query = useSuspenseInfiniteQuery(feed(filter));
  const events = query.data.pages.flatMap((page) => page.items);
  if (events.length === 0) {
    return (
      <EmptyState title="Nothing has happened here">
        Changes appear with who made them and when.
      </EmptyState>
    );
  }
  return (
    <>
      <ul>
        {events.map((event) => (
          <EventLine key={event.id} event={event} />
        ))}
      </ul>
      {query.hasNextPage && (
        <div style={{ padding: "var(--space-3) var(--space-4)" }}>
          <Button
            variant="default"
            size="xs"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show earlier
          </Button>
        </div>
      )}
    </>
  );
}

function EventLine({ event }: { event: FeedEvent }) {
  return (
    <li className={classes.event}>
      <span style={{ minWidth: 0, overflowWrap: "anywhere" }}>
        <strong>{event.actor_name}</strong> {happened(event.action, event.object_type)}{" "}
        {event.object_name && <code>{event.object_name}</code>}
        <Detail event={event} />
      </span>
      <span className="caption dim">
        <Time at={event.at} />
      </span>
    </li>
  );
}

/** The few facts that say more than the verb. */
function Detail({ event }: { event: FeedEvent }) {
  const { before, after } = event;
  if (typeof after?.alias === "string") {
    const from = typeof before?.version === "number" ? ` from v${before.version}` : "";
    return (
      <span className="dim">
        {" "}
        · {after.alias}
        {from} to v{String(after.version)}
      </span>
    );
  }
  if (typeof after?.reason === "string" && after.reason !== "")
    return <span className="dim"> · “{after.reason}”</span>;
  return null;
}
