import { against, isMetric, isShare, suited } from "./condition-words";
import { Amount, CallSignalSelect, Minutes, SignalSelect, Word } from "./field-parts";
import type { Condition } from "./rules-api";

interface Props {
  value: Condition;
  onChange: (value: Condition) => void;
}

/** The middle of the sentence: what a condition of its kind needs. */
export function ConditionFields({ value, onChange }: Props) {
  switch (value.kind) {
    case "threshold":
      return (
        <>
          <SignalSelect
            value={value.signal}
            onChange={(signal) =>
              onChange({ ...value, least_requests: 20, recover_threshold: null, ...suited(signal) })
            }
          />
          is
          <Word
            label="Direction"
            value={value.direction ?? "above"}
            options={["above", "below"]}
            onChange={(direction) => onChange({ ...value, direction })}
          />
          <Amount
            label="Threshold"
            value={isShare(value.signal) ? value.threshold * 100 : value.threshold}
            suffix={isShare(value.signal) ? " %" : value.signal.endsWith("_ms") ? " ms" : ""}
            onChange={(threshold) =>
              onChange({
                ...value,
                threshold: isShare(value.signal) ? threshold / 100 : threshold,
                recover_threshold: null,
              })
            }
          />
          over
          {isMetric(value.signal) ? (
            <span>a day</span>
          ) : (
            <Minutes
              value={value.window_minutes ?? 5}
              onChange={(window_minutes) => onChange({ ...value, window_minutes })}
            />
          )}
        </>
      );
    case "change":
      return (
        <>
          <SignalSelect
            value={value.signal}
            onChange={(signal) =>
              onChange({
                ...value,
                signal,
                window_minutes: isMetric(signal) ? 1_440 : 60,
                least_requests: isMetric(signal) ? 30 : 50,
              })
            }
          />
          <Word
            label="Direction"
            value={value.direction ?? "above"}
            options={["above", "below"]}
            names={{ above: "rose", below: "fell" }}
            onChange={(direction) => onChange({ ...value, direction })}
          />
          by
          <Amount
            label="Per cent"
            value={value.percent ?? 50}
            suffix=" %"
            onChange={(percent) => onChange({ ...value, percent: Math.max(1, percent) })}
          />
          against
          <Word
            label="Against"
            value={value.against ?? "last_week"}
            options={["last_week", "previous", "baseline"]}
            names={against(value.signal)}
            onChange={(against) => onChange({ ...value, against })}
          />
        </>
      );
    case "anomaly":
      return (
        <>
          <CallSignalSelect
            value={value.signal}
            onChange={(signal) => onChange({ ...value, signal })}
          />
          is
          <Word
            label="Direction"
            value={value.direction ?? "above"}
            options={["above", "below", "both"]}
            names={{ both: "above or below" }}
            onChange={(direction) => onChange({ ...value, direction })}
          />
          its usual band of
          <Amount
            label="Deviations"
            value={value.deviations ?? 4}
            suffix=" deviations"
            onChange={(deviations) => onChange({ ...value, deviations: Math.max(1, deviations) })}
          />
        </>
      );
    case "no_data":
      return (
        <>
          for
          <Minutes
            value={value.window_minutes ?? 30}
            onChange={(window_minutes) => onChange({ ...value, window_minutes })}
          />
          where at least
          <Amount
            label="Usual calls"
            value={value.usual_requests ?? 10}
            onChange={(calls) =>
              onChange({ ...value, usual_requests: Math.max(1, Math.round(calls)) })
            }
          />
          are usual
        </>
      );
    case "drift":
      return (
        <Word
          label="Columns"
          value={value.of ?? "inputs"}
          options={["inputs", "prediction", "missing", "joint"]}
          names={{
            inputs: "of the inputs",
            prediction: "of the prediction",
            missing: "by missing values",
            joint: "of the inputs together",
          }}
          onChange={(of) => onChange({ ...value, of })}
        />
      );
    case "constraints":
      return (
        <>
          over
          <Word
            label="Window"
            value={value.window ?? "1h"}
            options={["1h", "24h"]}
            names={{ "1h": "the last hour", "24h": "the last day" }}
            onChange={(window) => onChange({ ...value, window })}
          />
        </>
      );
    case "safeguards":
      return (
        <>
          against more than
          <Amount
            label="Share of calls"
            value={(value.share ?? 0.05) * 100}
            suffix=" %"
            onChange={(share) =>
              onChange({ ...value, share: Math.min(0.99, Math.max(0, share / 100)) })
            }
          />
          of the calls over
          <Minutes
            value={value.window_minutes ?? 60}
            onChange={(window_minutes) => onChange({ ...value, window_minutes })}
          />
        </>
      );
    case "quality":
      return (
        <>
          by
          <Amount
            label="Per cent"
            value={value.percent ?? 5}
            suffix=" %"
            onChange={(percent) =>
              onChange({ ...value, percent: Math.min(100, Math.max(1, percent)) })
            }
          />
          and more than chance
        </>
      );
    case "burn_rate":
      return (
        <>
          of
          <Amount
            label="Objective"
            value={(value.objective ?? 0.99) * 100}
            suffix=" % good calls"
            onChange={(objective) =>
              onChange({ ...value, objective: Math.min(0.9999, Math.max(0.5, objective / 100)) })
            }
          />
        </>
      );
    default:
      return null;
  }
}
