import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { type About, threads, useSay } from "./api";
import classes from "./collaboration.module.css";
import { Composer } from "./composer";
import { ThreadView } from "./thread";

/** What people say about a run, a model, a deployment or another thing, in threads. */
export function Discussion({ about }: { about: About }) {
  const query = useSuspenseInfiniteQuery(threads(about));
  const mayWrite = usePermission("comments.write");
  const [showResolved, setShowResolved] = useState(false);
  const say = useSay(about, null);
  const all = query.data.pages.flatMap((page) => page.items);
  const resolved = all.filter((thread) => thread.resolved_at).length;
  const shown = showResolved ? all : all.filter((thread) => !thread.resolved_at);
  return (
    <Panel
      title="Discussion"
      note={all.length > 0 ? `${all.length - resolved} open, ${resolved} resolved` : undefined}
      action={
        resolved > 0 && (
          <Button variant="default" size="xs" onClick={() => setShowResolved(!showResolved)}>
            {showResolved ? "Hide resolved" : "Show resolved"}
          </Button>
        )
      }
    >
      <div className={classes.threads}>
        {all.length === 0 && (
          <EmptyState title="Nobody has said anything yet">
            {mayWrite
              ? "Ask a question or leave a note below. @name tells a member of the workspace."
              : "Developers of this workspace can start a discussion here."}
          </EmptyState>
        )}
        {shown.map((thread) => (
          <ThreadView key={thread.id} about={about} thread={thread} mayWrite={mayWrite} />
        ))}
        {shown.length === 0 && resolved > 0 && (
          <p className="dim">{plural(resolved, "thread")} resolved; nothing is open.</p>
        )}
        {query.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show later threads
          </Button>
        )}
        {mayWrite && <Composer label="New comment" action="Comment" send={say} />}
      </div>
    </Panel>
  );
}
