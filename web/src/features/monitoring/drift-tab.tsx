import { Select } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { Choice } from "@/ui/choice";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { statusWord, toneOf } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Drift, drift } from "./api";
import { ConstraintsPanel } from "./constraints-panel";
import classes from "./drift.module.css";
import { FeatureDetail } from "./feature-detail";
import { FeatureList } from "./feature-list";
import { JointPanel } from "./joint-panel";
import { Quadrants } from "./quadrants";
import { BASELINES, type Baseline, DRIFT_WINDOWS, type DriftWindow } from "./ranges";
import { worstFirst } from "./worst-first";

export interface DriftView {
  window: DriftWindow;
  baseline: Baseline;
  /** The chosen feature; the worst one when `null`. */
  feature: string | null;
}

interface Props {
  id: string;
  view: DriftView;
  onView: (view: DriftView) => void;
}

/** How live traffic differs from what the model was trained on. */
export function DriftTab({ id, view, onView }: Props) {
  return (
    <div className="stack">
      <div className="row between wrap">
        <h2 style={{ fontSize: "1.125rem" }}>Drift</h2>
        <div className="row wrap">
          <Choice
            label="Window"
            value={view.window}
            options={DRIFT_WINDOWS}
            onChange={(window) => onView({ ...view, window })}
          />
          <Select
            aria-label="Compared with"
            size="xs"
            w={250}
            data={[
              { value: "training", label: "Compared with training data" },
              { value: "previous", label: "Compared with the window before" },
            ]}
            value={view.baseline}
            onChange={(chosen) => {
              const baseline = BASELINES.find((one) => one === chosen);
              if (baseline) onView({ ...view, baseline });
            }}
          />
        </div>
      </div>
      <View loading={<LinesSkeleton lines={12} />}>
        <Comparison id={id} view={view} onView={onView} />
      </View>
      <JointPanel id={id} window={view.window} />
      <ConstraintsPanel id={id} window={view.window} />
    </div>
  );
}

function Comparison({ id, view, onView }: Props) {
  const { data } = useSuspenseQuery(drift(id, view.window, view.baseline));
  const features = worstFirst(data.features);
  const chosen = features.find((one) => one.feature === view.feature) ?? features[0];
  return (
    <>
      <Verdict of={data} />
      <Quadrants
        of={data}
        chosen={chosen?.feature}
        onChoose={(feature) => onView({ ...view, feature })}
      />
      {chosen ? (
        <div className={classes.split}>
          <div className={classes.detail}>
            <View loading={<LinesSkeleton lines={8} />}>
              <FeatureDetail
                id={id}
                feature={chosen}
                window={view.window}
                baseline={view.baseline}
              />
            </View>
          </div>
          <Panel
            title="Features"
            note={
              data.importance?.reason === null
                ? "By status, then by drift times importance"
                : "The furthest moved first"
            }
            flush
          >
            <FeatureList
              features={features}
              chosen={chosen.feature}
              onChoose={(feature) => onView({ ...view, feature })}
            />
          </Panel>
        </div>
      ) : (
        <Panel>
          <EmptyState title="No features to compare yet">
            They appear with the first recorded predictions and a reference to compare them with.
          </EmptyState>
        </Panel>
      )}
    </>
  );
}

const BASELINE_NAMES: Record<Drift["baseline"], string> = {
  training: "training data",
  previous: "the window before",
  provisional: "the first live traffic, for want of training data",
};

/** The judged window, and that it is longer than the one asked for. */
function windowName({ window, asked_window, since }: Drift) {
  if (window === "count")
    return (
      <>
        since <Time at={since} />
      </>
    );
  if (window === asked_window) return <>the last {window}</>;
  return (
    <>
      the last {window}, as the last {asked_window} had too few rows
    </>
  );
}

function Verdict({ of }: { of: Drift }) {
  const tone = toneOf(of.verdict);
  return (
    <Callout
      tone={tone}
      role="status"
      title={of.verdict === "ok" ? "No drift" : statusWord(of.verdict)}
    >
      <p>
        {of.verdict_reason} {of.persistence}
      </p>
      {of.quality === "faulty" && <p>Data: {of.quality_reason}</p>}
      <p className="small dim">
        {plural(of.rows, "live row")} against {BASELINE_NAMES[of.baseline]}
        {of.baseline_name && (
          <>
            {" "}
            <code>{of.baseline_name}</code>
          </>
        )}
        , {windowName(of)}. Computed <Time at={of.computed_at} />.
      </p>
    </Callout>
  );
}
