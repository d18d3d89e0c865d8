import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Shape } from "@/api/types";
import { percent } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { Time } from "@/ui/time";
import { preview } from "./rules-api";
import { ThresholdPlot } from "./threshold-plot";

interface Props {
  draft: Shape<"PreviewIn">;
  onThreshold: (value: number) => void;
}

/** What the rule would have done over the last 30 days. */
export function PreviewPanel({ draft, onThreshold }: Props) {
  const [settled] = useDebouncedValue(draft, 300);
  const { data, error } = useQuery({ ...preview(settled), placeholderData: keepPreviousData });
  const { condition } = draft;
  return (
    <Panel title="Over the last 30 days">
      {error ? (
        <Refused error={error} />
      ) : !data ? (
        <LinesSkeleton lines={6} />
      ) : (
        <div className="stack">
          <p role="status">
            <strong>{data.sentence}</strong>{" "}
            <span className="small dim">
              {percent(data.known_share)} of the time had enough data to tell.
            </span>
          </p>
          {condition.kind === "threshold" && data.points.some((point) => point.value !== null) && (
            <>
              <ThresholdPlot
                of={data}
                signal={condition.signal}
                threshold={condition.threshold}
                onThreshold={onThreshold}
              />
              <p className="caption dim">
                Drag the limit, use the arrow keys on it, or type it above. Shaded: it would have
                been firing.
              </p>
            </>
          )}
          {data.fired.length > 0 && (
            <ul className="small">
              {data.fired.slice(-5).map((one) => (
                <li key={one.since}>
                  <Time at={one.since} absolute /> –{" "}
                  {one.until ? <Time at={one.until} absolute /> : "now"}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </Panel>
  );
}
