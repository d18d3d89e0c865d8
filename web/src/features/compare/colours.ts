const COLOURED = 8;
const SOLID = 4;

export interface Stroke {
  /** Token name. */
  token: string;
  dash: boolean;
}

/** The colour of a run on the whole page, by its place; beyond eight runs the rest are grey. */
export const strokeOf = (place: number): Stroke => ({
  token: place < COLOURED ? `series-${place + 1}` : "control",
  dash: place >= SOLID && place < COLOURED,
});

/** Tells runs of the same name apart. */
export function namesOf(runs: { id: string; name: string }[]): string[] {
  const seen = new Map<string, number>();
  for (const run of runs) seen.set(run.name, (seen.get(run.name) ?? 0) + 1);
  return runs.map((run) =>
    (seen.get(run.name) ?? 0) > 1 ? `${run.name} ${run.id.slice(-6)}` : run.name,
  );
}
