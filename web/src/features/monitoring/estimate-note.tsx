import { count, number, percent, plural } from "@/lib/format";
import { METRIC_NAMES } from "@/lib/metric-names";
import { Callout } from "@/ui/callout";
import { Panel } from "@/ui/panel";
import type { Measure, Quality } from "./api";
import { type Estimate, isEstimate, type NoEstimate } from "./estimate-api";
import { ReferenceActions } from "./reference-panel";

interface Props {
  id: string;
  estimate: Estimate | NoEstimate;
  realised: Quality;
}

/** What the dashed line rests on and assumes, or why there is none. */
export function EstimateNote({ id, estimate, realised }: Props) {
  if (!isEstimate(estimate)) {
    return (
      <Panel title="Estimate without outcomes">
        <div className="stack">
          <Callout tone="info" title="No estimate">
            <p>{estimate.detail}</p>
          </Callout>
          <ReferenceActions id={id} />
        </div>
      </Panel>
    );
  }
  const outside = estimate.points.filter((point) => point.is_outside).length;
  return (
    <Panel
      title="Estimate without outcomes"
      note={`${estimate.method} from ${estimate.basis.name}: ${plural(estimate.basis.rows, "row")} of version ${estimate.basis.version}`}
    >
      <div className="stack">
        <p>{estimate.assumption}</p>
        <p>{checked(estimate)}</p>
        {estimate.is_sample && (
          <p>
            It rests on {count(estimate.rows_read)} of {plural(estimate.rows_kept, "kept row")}: an
            even sample of each window.
          </p>
        )}
        {gap(estimate, realised)}
        {outside > 0 && (
          <Callout tone="warn" title="Windows left out">
            <p>
              {plural(outside, "window")} with too little in common with the basis: no estimate
              there.
            </p>
          </Callout>
        )}
        <ReferenceActions id={id} />
      </div>
    </Panel>
  );
}

function checked({ check }: Estimate): string {
  const said = `On rows held back it said ${METRIC_NAMES[check.metric]} ${number(check.estimated)} where ${number(check.realised)} came true`;
  return check.calibration_error == null
    ? `${said}.`
    : `${said}; calibration error ${percent(check.calibration_error)} beyond chance.`;
}

/** Estimate minus truth over the range, where both are known. */
function gap(estimate: Estimate, realised: Quality) {
  const found = realised.total.measures
    .map((was) => [was, estimate.total.measures.find((one) => one.name === was.name)] as const)
    .find(
      (pair): pair is readonly [Measure, Measure] =>
        pair[0].value != null && pair[1]?.value != null,
    );
  if (!found || realised.total.few) return null;
  const [was, said] = found;
  const distance = (said.value ?? 0) - (was.value ?? 0);
  return (
    <p>
      {METRIC_NAMES[was.name]} in the range: estimated {number(said.value)}, came true{" "}
      {number(was.value)} on {plural(realised.total.n, "outcome")}; a gap of {number(distance)}
      {Math.abs(distance) > 0.05 && was.name === "accuracy"
        ? ". A gap that lasts means that the world changed, not the inputs."
        : "."}
    </p>
  );
}
