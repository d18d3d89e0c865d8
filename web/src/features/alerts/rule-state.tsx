import { StatusBadge } from "@/ui/status-badge";
import type { Rule } from "./rules-api";

/** Where a rule is, or that it is off. */
export function RuleState({ of }: { of: Rule }) {
  return of.is_enabled ? (
    <StatusBadge status={of.state} />
  ) : (
    <StatusBadge tone="idle">Off</StatusBadge>
  );
}
