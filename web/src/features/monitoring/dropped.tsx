import { plural } from "@/lib/format";
import { Callout } from "@/ui/callout";

/** Records that could not be kept: the numbers beside it are too low by that many. */
export function Dropped({ records }: { records: number }) {
  return (
    <Callout tone="warn" title={`${plural(records, "record")} could not be kept`}>
      They were answered but are missing from the counts, the log and the drift windows.
    </Callout>
  );
}
