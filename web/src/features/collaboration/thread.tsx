import { Button } from "@mantine/core";
import { useState } from "react";
import { Refused } from "@/ui/refused";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type About, type Thread, useSay, useSettle } from "./api";
import classes from "./collaboration.module.css";
import { CommentView } from "./comment";
import { Composer } from "./composer";

interface Props {
  about: About;
  thread: Thread;
  mayWrite: boolean;
}

/** A first comment and the replies to it. */
export function ThreadView({ about, thread, mayWrite }: Props) {
  const [replying, setReplying] = useState(false);
  const reply = useSay(about, thread.id);
  const settle = useSettle(about, thread);
  return (
    <article
      className={classes.thread}
      aria-label={`Thread by ${thread.comments[0]?.author_name ?? ""}`}
    >
      {thread.resolved_at && (
        <p className="row wrap small dim">
          <StatusBadge tone="ok">Resolved</StatusBadge> by {thread.resolved_by_name}{" "}
          <Time at={thread.resolved_at} />
        </p>
      )}
      <ol className={classes.comments}>
        {thread.comments.map((comment) => (
          <li key={comment.id}>
            <CommentView about={about} comment={comment} />
          </li>
        ))}
      </ol>
      {mayWrite && !replying && (
        <div className="row wrap">
          <Button variant="default" size="xs" onClick={() => setReplying(true)}>
            Reply
          </Button>
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            loading={settle.isPending}
            onClick={() => settle.mutate()}
          >
            {thread.resolved_at ? "Open again" : "Resolve"}
          </Button>
        </div>
      )}
      {settle.error && <Refused error={settle.error} />}
      {replying && (
        <Composer
          label="Reply"
          action="Reply"
          autoFocus
          send={reply}
          onDone={() => setReplying(false)}
          onCancel={() => setReplying(false)}
        />
      )}
    </article>
  );
}
