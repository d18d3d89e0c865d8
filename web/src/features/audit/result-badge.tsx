import { StatusBadge } from "@/ui/status-badge";
import type { AuditEvent } from "./api";

/** What became of an action: done, denied or failed. */
export function ResultBadge({ result }: { result: AuditEvent["result"] }) {
  return result === "ok" ? (
    <StatusBadge tone="ok">Done</StatusBadge>
  ) : (
    <StatusBadge status={result} />
  );
}
