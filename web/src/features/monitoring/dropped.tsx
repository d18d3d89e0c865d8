import type { Shape } from "@/api/types";
import { plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { Time } from "@/ui/time";

const SHOWN_MS = 7 * 24 * 3600 * 1000;

type Losses = Pick<Shape<"FleetOut">, "dropped_records" | "dropped_at" | "capture_error">;

/**
 * Calls that cannot be recorded now, or that were lost this week. Nobody can tell of which
 * deployment a lost record was: any numbers of the workspace may be too low.
 */
export function Dropped({ of }: { of: Losses }) {
  if (of.capture_error) {
    return (
      <Callout tone="warn" title="Calls are answered but not recorded">
        {of.capture_error} {plural(of.dropped_records, "record")} missing so far.
      </Callout>
    );
  }
  const lost_at = of.dropped_at;
  if (!lost_at || Date.now() - Date.parse(lost_at) > SHOWN_MS) return null;
  return (
    <Callout tone="warn" title={`${plural(of.dropped_records, "record")} could not be kept`}>
      {of.dropped_records === 1
        ? "A call to a deployment of this workspace was answered but is missing from counts, log and drift windows: "
        : "Calls to deployments of this workspace were answered but are missing from counts, log and drift windows, the last of them "}
      <Time at={lost_at} />.
    </Callout>
  );
}
