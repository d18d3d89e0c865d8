import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { duration, percent, plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { Choice } from "@/ui/choice";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { Stat } from "@/ui/stat";
import { View } from "@/ui/view";
import { type Quality, quality } from "./api";
import { type Capture, capture } from "./capture-api";
import { estimate, isEstimate } from "./estimate-api";
import { EstimateNote } from "./estimate-note";
import { MetricPanel } from "./metric-panel";
import { outcomeCalls } from "./outcome-call";
import { QualityActions } from "./quality-actions";
import { QualityCharts } from "./quality-charts";
import { QUALITY_RANGES, type QualityRange } from "./ranges";
import { SlicesPanel } from "./slices-panel";
import { SourcePanel } from "./source-panel";

interface Props {
  id: string;
  range: QualityRange;
  onRange: (range: QualityRange) => void;
}

const LOOK_MS = 30_000; // for the first rows, which are put aside every few minutes
const PLACES = ["1", "3", "5", "10", "20"] as const;
type Places = (typeof PLACES)[number];

/** How right the predictions were, from outcomes that were sent. */
export function QualityTab({ id, range, onRange }: Props) {
  return (
    <div className="stack">
      <div className="row between wrap">
        <h2 style={{ fontSize: "1.125rem" }}>Quality</h2>
        <Choice label="Range" value={range} options={QUALITY_RANGES} onChange={onRange} />
      </div>
      <View loading={<LinesSkeleton lines={12} />}>
        <Realised id={id} range={range} />
      </View>
      <View loading={<LinesSkeleton lines={4} />}>
        <SourcePanel id={id} />
      </View>
    </div>
  );
}

function Realised({ id, range }: { id: string; range: QualityRange }) {
  const [places, setPlaces] = useState<Places>("10");
  const { data } = useSuspenseQuery(quality(id, range, Number(places)));
  const mayReadRows = usePermission("predictions.read");
  const kept = useQuery({ ...capture(id), refetchInterval: LOOK_MS }).data;
  const hasRows = touches(kept, data);
  const guess = useQuery({ ...estimate(id, range), enabled: hasRows }).data;
  const dashed = isEstimate(guess) ? guess : null;
  return (
    <>
      <QualityActions id={id} task={data.task} />
      <Unjoined of={data} />
      {data.total.n === 0 ? (
        <>
          {dashed && <MetricPanel of={data} estimate={dashed} />}
          <NoOutcomes id={id} range={range} />
        </>
      ) : (
        <>
          <Facts of={data} />
          {data.task === "ranking" && (
            <div className="row">
              <span className="dim">Places that count</span>
              <Choice
                label="Places that count"
                value={places}
                options={PLACES}
                onChange={setPlaces}
              />
            </div>
          )}
          <QualityCharts of={data} estimate={dashed} />
          {mayReadRows && <SlicesPanel id={id} range={range} hasRows={hasRows} />}
        </>
      )}
      {guess && <EstimateNote id={id} estimate={guess} realised={data} />}
    </>
  );
}

/** Some kept rows are of that time; questions about rows are refused while there are none. */
function touches(kept: Capture | undefined, of: Quality): boolean {
  if (!kept?.first_at || !kept.last_at) return false;
  return (
    Date.parse(kept.first_at) < Date.parse(of.until) &&
    Date.parse(kept.last_at) >= Date.parse(of.since)
  );
}

function Facts({ of: { total, median_delay_seconds, corrected } }: { of: Quality }) {
  return (
    <div className="grid-3">
      <Stat
        label="Coverage"
        value={percent(total.coverage)}
        note={`of ${plural(total.calls, "answered call")} have an outcome`}
      />
      <Stat
        label="Outcomes"
        value={total.n}
        note={total.few ? "fewer than 30 say little" : `${corrected} corrected`}
      />
      <Stat
        label="Median delay"
        value={duration(median_delay_seconds)}
        note="from prediction to outcome"
      />
    </div>
  );
}

function Unjoined({ of: { waiting, unknown } }: { of: Quality }) {
  if (waiting + unknown === 0) return null;
  return (
    <Callout tone={unknown > 0 ? "warn" : "info"} title="Outcomes without a prediction">
      <p>
        {waiting > 0 &&
          `${plural(waiting, "outcome")} ${waiting === 1 ? "waits" : "wait"} for a prediction: kept rows are searched now, and it may still come for 24 hours. `}
        {unknown > 0 &&
          `${plural(unknown, "outcome")} named a prediction that this deployment never logged.`}
      </p>
    </Callout>
  );
}

const LANGUAGES = ["curl", "python"] as const;

function NoOutcomes({ id, range }: { id: string; range: QualityRange }) {
  const [language, setLanguage] = useState<(typeof LANGUAGES)[number]>("curl");
  return (
    <Panel>
      <EmptyState
        title={`No outcomes for predictions of the last ${range}`}
        action={
          <Choice
            label="Language"
            value={language}
            options={LANGUAGES}
            names={{ python: "Python" }}
            onChange={setLanguage}
          />
        }
        extra={
          <CodeBlock code={outcomeCalls(window.location.origin, id)[language]} label={language} />
        }
      >
        Every answer carries a prediction_id. Send what really happened with it, as soon as you
        know; accuracy or error appears here.
      </EmptyState>
    </Panel>
  );
}
