import { Skeleton } from "@mantine/core";
import { useEffect, useState } from "react";
import { Panel } from "./panel";

const WAIT_MS = 150;

/** Shows nothing for 150 ms: fast answers never flash a skeleton. */
function useIsSlow(): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), WAIT_MS);
    return () => clearTimeout(timer);
  }, []);
  return slow;
}

/** Lines of text to come. */
export function LinesSkeleton({ lines = 4 }: { lines?: number }) {
  const slow = useIsSlow();
  return (
    <div
      className="stack tight"
      role="status"
      aria-label="Loading"
      style={{ minHeight: lines * 22 }}
    >
      {slow &&
        Array.from({ length: lines }, (_, line) => (
          <Skeleton key={line} height={14} width={`${92 - ((line * 17) % 40)}%`} radius={4} />
        ))}
    </div>
  );
}

/** A table to come. */
export function TableSkeleton({ rows = 6 }: { rows?: number }) {
  const slow = useIsSlow();
  return (
    <div role="status" aria-label="Loading" style={{ minHeight: rows * 40 + 36, padding: 16 }}>
      {slow &&
        Array.from({ length: rows }, (_, row) => (
          <Skeleton key={row} height={16} my={12} radius={4} />
        ))}
    </div>
  );
}

/** A whole page to come: title and two cards. */
export function PageSkeleton() {
  const slow = useIsSlow();
  return (
    <div className="stack" role="status" aria-label="Loading">
      {slow ? (
        <>
          <Skeleton height={28} width={240} radius={6} />
          <Skeleton height={16} width={360} radius={4} mb={8} />
          <Panel>
            <Skeleton height={180} radius={6} />
          </Panel>
        </>
      ) : (
        <div style={{ height: 280 }} />
      )}
    </div>
  );
}
