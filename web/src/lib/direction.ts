const LOWER =
  /(^|[^a-z])(log_?loss|loss|error|err|mae|mse|rmse|mape|nll|perplexity|latency|time|duration|fpr|fnr|wer|cer)([^a-z]|$)/;
const HIGHER =
  /(^|[^a-z])(accuracy|acc|auc|auroc|f1|precision|recall|r2|score|map|ndcg|bleu|rouge|iou|dice|throughput|tpr)([^a-z]|$)/;

/** Which way a metric is better, told from its name; null when the name does not say. */
export function direction(metric: string): "up" | "down" | null {
  const name = metric.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
  if (LOWER.test(name)) return "down";
  return HIGHER.test(name) ? "up" : null;
}

export const bestWord = (better: "up" | "down"): string => (better === "up" ? "highest" : "lowest");

/** The best of a curve's values; gaps are not values. */
export function bestOf(values: (number | null)[], better: "up" | "down"): number | null {
  let best: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    if (best === null || (better === "up" ? value > best : value < best)) best = value;
  }
  return best;
}
