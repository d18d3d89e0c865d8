/** Words of the metrics that the API names. */
export const METRIC_NAMES = {
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
} as const;
