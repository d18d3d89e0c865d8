import { duration, latency, number, percent } from "@/lib/format";
import type { Condition } from "./rules-api";

export type Signal = Extract<Condition, { kind: "threshold" }>["signal"];
export type Kind = NonNullable<Condition["kind"]>;

export const SIGNALS: Record<Signal, string> = {
  error_rate: "failed calls",
  refused_rate: "refused calls",
  p50_ms: "median latency",
  p95_ms: "p95 latency",
  p99_ms: "p99 latency",
  requests_per_minute: "calls per minute",
  estimated_accuracy: "estimated accuracy",
  estimated_precision: "estimated precision",
  estimated_recall: "estimated recall",
  estimated_f1: "estimated F1",
  estimated_auc: "estimated AUC",
  estimated_log_loss: "estimated log loss",
  estimated_brier: "estimated Brier score",
  estimated_mae: "estimated MAE",
  estimated_rmse: "estimated RMSE",
  realised_accuracy: "realised accuracy",
  realised_precision: "realised precision",
  realised_recall: "realised recall",
  realised_f1: "realised F1",
  realised_auc: "realised AUC",
  realised_log_loss: "realised log loss",
  realised_brier: "realised Brier score",
  realised_mae: "realised MAE",
  realised_rmse: "realised RMSE",
  realised_mape: "realised MAPE",
  realised_ndcg: "realised NDCG",
  realised_map: "realised MAP",
  realised_mrr: "realised MRR",
  realised_precision_at_k: "realised precision at 10",
  realised_recall_at_k: "realised recall at 10",
  realised_hit_rate: "realised hit rate",
};

export type CallSignal = Extract<Condition, { kind: "anomaly" }>["signal"];
export type MetricSignal = Exclude<Signal, CallSignal>;

export const isMetric = (signal: Signal): signal is MetricSignal =>
  signal.startsWith("estimated_") || signal.startsWith("realised_");
export const isEstimate = (signal: Signal): boolean => signal.startsWith("estimated_");
const isLoss = (signal: MetricSignal): boolean => /_(log_loss|brier|mae|rmse|mape)$/.test(signal);

/** A window and a limit that suit a signal; a metric is judged by day. */
export function suited(signal: Signal) {
  if (!isMetric(signal))
    return { signal, threshold: isShare(signal) ? 0.05 : 500, window_minutes: 5 } as const;
  const loss = isLoss(signal);
  return {
    signal,
    direction: loss ? "above" : "below",
    threshold: loss ? 1 : 0.8,
    window_minutes: DAY_MINUTES,
    least_requests: FEW,
  } as const;
}

const DAY_MINUTES = 1_440;
const FEW = 30;

export const KINDS: Record<Kind, string> = {
  threshold: "a limit is crossed",
  change: "a signal changed",
  anomaly: "a signal is unusual for the time of day",
  no_data: "no calls arrive",
  burn_rate: "an objective is missed too fast",
  drift: "columns drift",
  constraints: "values break constraints",
  safeguards: "safeguards hold",
  quality: "predictions got worse",
  down: "the endpoint is down",
};

export const isShare = (signal: Signal): boolean =>
  signal === "error_rate" || signal === "refused_rate";

/** A value of a signal with its unit. */
export function shown(signal: Signal, value: number | null | undefined): string {
  if (isShare(signal)) return percent(value);
  return isMetric(signal) || signal === "requests_per_minute" ? number(value) : latency(value);
}

const span = (minutes = 0): string =>
  minutes < 60 ? `${minutes} min` : duration(minutes * 60).replace(" 0 min", "");

/** What a change is against. */
export const against = (signal: Signal): Record<Against, string> =>
  isMetric(signal)
    ? {
        last_week: "the same day last week",
        previous: "the day before",
        baseline: "the seven days before",
      }
    : {
        last_week: "the same time last week",
        previous: "the window before",
        baseline: "the last seven days",
      };
type Against = NonNullable<Extract<Condition, { kind: "change" }>["against"]>;

const DRIFTING = {
  inputs: "inputs drift",
  prediction: "predictions drift",
  missing: "missing values drift",
  joint: "inputs drift together",
} as const;

/** What a rule asks, as the end of "When …". */
export function asked(condition: Condition): string {
  switch (condition.kind) {
    case "threshold":
      return `${SIGNALS[condition.signal]} ${condition.direction ?? "above"} ${shown(condition.signal, condition.threshold)} over ${isMetric(condition.signal) ? "a day" : span(condition.window_minutes)}`;
    case "change":
      return `${SIGNALS[condition.signal]} ${condition.direction === "below" ? "fell" : "rose"} by ${number(condition.percent)} % against ${against(condition.signal)[condition.against ?? "last_week"]}`;
    case "anomaly":
      return `${SIGNALS[condition.signal]} outside its usual band (${number(condition.deviations)} deviations)`;
    case "no_data":
      return `no calls for ${span(condition.window_minutes)} where some are usual`;
    case "drift":
      return `${DRIFTING[condition.of ?? "inputs"]}${condition.muted?.length ? `, ${condition.muted.join(", ")} muted` : ""}`;
    case "constraints":
      return `values of the last ${condition.window ?? "1h"} break constraints${condition.muted?.length ? `, ${condition.muted.join(", ")} muted` : ""}`;
    case "safeguards":
      return `safeguards hold against more than ${percent(condition.share ?? 0.05)} of the calls over ${span(condition.window_minutes ?? 60)}${condition.muted?.length ? `, ${condition.muted.join(", ")} muted` : ""}`;
    case "quality":
      return `realised quality worse by ${number(condition.percent)} % and more than chance`;
    case "burn_rate":
      return `the budget of ${percent(condition.objective)} burns too fast`;
    default:
      return "the endpoint is down";
  }
}

/** A condition of a kind to start from. */
export function fresh(kind: Kind): Condition {
  switch (kind) {
    case "threshold":
      return {
        kind,
        signal: "p95_ms",
        direction: "above",
        threshold: 500,
        recover_threshold: null,
        window_minutes: 5,
        least_requests: 20,
      };
    case "change":
      return {
        kind,
        signal: "requests_per_minute",
        direction: "below",
        percent: 50,
        against: "last_week",
        window_minutes: 60,
        least_requests: 50,
      };
    case "anomaly":
      return { kind, signal: "p95_ms", direction: "above", deviations: 4, least_requests: 50 };
    case "no_data":
      return { kind, window_minutes: 30, usual_requests: 10 };
    case "drift":
      return { kind, of: "inputs", muted: [] };
    case "constraints":
      return { kind, window: "1h", muted: [] };
    case "safeguards":
      return { kind, share: 0.05, window_minutes: 60, least_requests: 20, muted: [] };
    case "quality":
      return { kind, percent: 5 };
    case "burn_rate":
      return { kind, objective: 0.99, slow_ms: null };
    default:
      return { kind: "down" };
  }
}
