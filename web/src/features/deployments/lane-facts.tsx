import { latency, number } from "@/lib/format";
import type { Revision } from "./api";

type Lane = NonNullable<Revision["lane"]>;

/** Which engine answers calls, and the evidence for it or the reason against the other. */
export function LaneFacts({ lane }: { lane: Lane }) {
  if (lane.state === "compiled") {
    return (
      <>
        ONNX graph, equal to the original on {number(lane.probes ?? 0)} probes
        {lane.max_difference ? `, largest difference ${lane.max_difference.toExponential(1)}` : ""}
        {lane.row_ms && lane.original_row_ms
          ? `; one row in ${latency(lane.row_ms)} instead of ${latency(lane.original_row_ms)}`
          : ""}
        {lane.native_above_rows
          ? `; bodies of more than ${number(lane.native_above_rows)} rows go to the original`
          : ""}
      </>
    );
  }
  const why = lane.reason ? `: ${lane.reason}` : "";
  return lane.state === "switched_back" ? (
    <>Original engine; the ONNX graph was switched off{why}</>
  ) : (
    <>Original engine, not compiled{why}</>
  );
}
