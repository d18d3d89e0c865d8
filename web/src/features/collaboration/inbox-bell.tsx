import { ActionIcon } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { unread } from "./api";
import classes from "./collaboration.module.css";

const MOST_SHOWN = 99;

/** The way to the inbox, with how much in it is new. */
export function InboxBell({ ws }: { ws: string }) {
  const count = useQuery(unread()).data?.unread ?? 0;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={34}
      aria-label={count > 0 ? `Inbox, ${count} unread` : "Inbox"}
      renderRoot={(props) => <Link {...props} to="/w/$ws/inbox" params={{ ws }} />}
    >
      <span className={classes.bell}>
        <IconBell size={18} stroke={1.7} />
        {count > 0 && (
          <span className={classes.count} aria-hidden>
            {count > MOST_SHOWN ? `${MOST_SHOWN}+` : count}
          </span>
        )}
      </span>
    </ActionIcon>
  );
}
