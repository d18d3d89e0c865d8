import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { Time } from "@/ui/time";
import { type InboxItem, inbox, useMark } from "./api";
import classes from "./collaboration.module.css";

const WHY: Record<InboxItem["reason"], string> = {
  mention: "mentioned you on",
  reply: "replied on",
  comment: "commented on your",
};

/** What one should see, newest first. */
export function Inbox({ unreadOnly }: { unreadOnly: boolean }) {
  const query = useSuspenseInfiniteQuery(inbox(unreadOnly));
  const items = query.data.pages.flatMap((page) => page.items);
  if (items.length === 0) {
    return (
      <EmptyState title={unreadOnly ? "You have seen everything" : "Nothing for you yet"}>
        When somebody mentions you with @ or replies to you, it appears here.
      </EmptyState>
    );
  }
  return (
    <>
      <ul>
        {items.map((item) => (
          <Item key={item.id} item={item} />
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

function Item({ item }: { item: InboxItem }) {
  const mark = useMark();
  const navigate = useNavigate();
  const open = () => {
    if (!item.read_at) mark.mutate({ id: item.id, read: true });
    void navigate({ href: `/w/${encodeURIComponent(here().ws)}${item.path}` });
  };
  return (
    <li className={classes.item}>
      <span className={`${classes.dot} ${item.read_at ? "" : classes.new}`} aria-hidden />
      <div style={{ minWidth: 0 }}>
        <button type="button" className={classes.open} onClick={open}>
          {!item.read_at && <span className="sr-only">Unread: </span>}
          <strong>{item.actor_name}</strong> {WHY[item.reason]} <code>{item.resource_name}</code>
        </button>
        <p className="small dim" style={{ overflowWrap: "anywhere" }}>
          {item.excerpt}
        </p>
        <p className="caption dim">
          <Time at={item.created_at} />
        </p>
      </div>
      <Button
        variant="subtle"
        color="gray"
        size="xs"
        loading={mark.isPending}
        onClick={() => mark.mutate({ id: item.id, read: !item.read_at })}
      >
        {item.read_at ? "Mark unread" : "Mark read"}
      </Button>
    </li>
  );
}
