const RUN = /^\/?experiments\/[^/]+\/runs\/([^/?]+)/;
const EXPERIMENT = /^\/?experiments\/([^/?]+)/;
const MODEL = /^\/?models\/([^/?]+)/;

/** The page behind an address that MLflow's client prints ("View run … at <host>/#/experiments/1/runs/ab"). */
export function placeOfMlflowLink(hash: string, ws: string): string | null {
  const start = `/w/${encodeURIComponent(ws)}`;
  const run = RUN.exec(hash)?.[1];
  if (run) return `${start}/runs/${run}`;
  const experiment = EXPERIMENT.exec(hash)?.[1];
  if (experiment) return `${start}/experiments/${experiment}`;
  const model = MODEL.exec(hash)?.[1];
  return model ? `${start}/models?q=${model}` : null;
}
