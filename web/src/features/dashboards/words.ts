import { latency, number, percent, plural } from "@/lib/format";
import { METRIC_NAMES } from "@/lib/metric-names";
import type { Panel, Series, Signal, Window } from "./api";

export const WINDOWS: readonly Window[] = ["1h", "24h", "7d", "30d", "90d", "1y"];
export const WINDOW_WORDS: Record<Window, string> = {
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
  "1y": "Last year",
};
export const SIGNALS: Record<Signal, string> = {
  traffic: "Requests a minute",
  errors: "Error rate (5xx)",
  latency: "Latency",
  drift: "Drift",
  data_quality: "Columns with faulty values",
  accuracy: "Quality, realised and estimated",
  coverage: "Coverage by outcomes",
  value: "Business value",
};

/** The one line of a panel, in its legend. */
export const VALUE_WORDS: Record<Signal, string> = {
  traffic: "requests",
  errors: "failed",
  latency: "latency",
  drift: "drift",
  data_quality: "columns",
  accuracy: "realised",
  coverage: "covered",
  value: "value",
};

const METRICS = new Map<string, string>(Object.entries(METRIC_NAMES));
export const metricName = (metric: string): string => METRICS.get(metric) ?? metric;
export const METRIC_CHOICES = [...METRICS].map(([value, label]) => ({ value, label }));

/** The title of a panel: its own, or what it shows. */
export function titleOf(panel: Panel): string {
  if (panel.title) return panel.title;
  if (panel.signal === "latency") return `Latency, ${panel.percentile}`;
  if (panel.signal === "drift")
    return panel.feature ? `Drift of ${panel.feature}` : "Drift: attention that moved";
  if (panel.signal === "accuracy" && panel.metric) return metricName(panel.metric);
  return SIGNALS[panel.signal];
}

/** A value of a series with its unit. */
export function said(of: Series, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  switch (of.unit) {
    case "share":
      return percent(value);
    case "ms":
      return latency(value);
    case "columns":
      return plural(value, "column");
    case "money":
      return `${number(value)} ${of.currency ?? ""}`.trim();
    case "per_minute":
      return `${number(value)}/min`;
    default:
      return number(value);
  }
}
