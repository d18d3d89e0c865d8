/** The two lines that point the MLflow client here with a token. */
export const environmentLines = (token: string): string =>
  `export MLFLOW_TRACKING_URI=${window.location.origin}\nexport MLFLOW_TRACKING_TOKEN=${token}`;
