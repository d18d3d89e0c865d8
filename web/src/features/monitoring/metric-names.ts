import type { Measure } from "./api";

export const METRIC_NAMES: Record<Measure["name"], string> = {
  accuracy: "Accuracy",
  precision: "Precision",
  recall: "Recall",
  f1: "F1",
  auc: "AUC",
  log_loss: "Log loss",
  brier: "Brier score",
  calibration_error: "Calibration error",
  mae: "MAE",
  rmse: "RMSE",
  mape: "MAPE",
  r2: "R²",
};
