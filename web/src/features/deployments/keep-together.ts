import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Deployment } from "./api";

/** Asks again for the other parts of a deployment's page when what serves has changed. */
export function useKeepTogether({ id, status, live_revision, latest_revision }: Deployment) {
  const cache = useQueryClient();
  const now = `${live_revision?.number} ${latest_revision.number} ${latest_revision.status} ${status}`;
  const shown = useRef(now);
  useEffect(() => {
    if (shown.current === now) return;
    shown.current = now;
    const own = ["deployments", "one", id];
    void cache.invalidateQueries({
      queryKey: own,
      predicate: (query) => query.queryKey.length > own.length,
    });
  }, [cache, id, now]);
}
