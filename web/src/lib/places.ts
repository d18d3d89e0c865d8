/** Addresses of things other features own, for links that cross features. */
const at = (ws: string, ...path: string[]): string =>
  `/w/${[ws, ...path].map(encodeURIComponent).join("/")}`;

export const runPlace = (ws: string, run: string): string => at(ws, "runs", run);
export const alertPlace = (ws: string, alert: string): string => at(ws, "alerts", alert);
export const modelPlace = (ws: string, model: string): string => at(ws, "models", model);
export const deploymentPlace = (ws: string, deployment: string): string =>
  at(ws, "deployments", deployment);
