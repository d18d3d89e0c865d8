import { useMemo, useState } from "react";
import { useLive } from "@/api/live";
import { bestOf, direction } from "@/lib/direction";
import { type Run, useManyCurves } from "./api";
import { namesOf, strokeOf } from "./colours";
import { CurvesPanel } from "./curves-panel";
import { type Best, changed, type DiffRow, rowsOf } from "./diff";
import { DiffPanel } from "./diff-panel";
import { EnvironmentPanel } from "./environment-panel";
import { FilesPanel } from "./files-panel";
import { ParallelPanel } from "./parallel-panel";
import { ScatterPanel } from "./scatter-panel";
import type { CompareView } from "./view";

const USUALLY_CHARTED = 4;

export interface CompareProps {
  runs: Run[];
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** The cards of a comparison; a run keeps its colour in all of them. */
export function Comparison({ runs, view, onView }: CompareProps) {
  const names = useMemo(() => namesOf(runs), [runs]);
  const strokes = useMemo(() => runs.map((_, place) => strokeOf(place)), [runs]);
  const plain = useMemo(() => rowsOf(runs, new Map()), [runs]);
  const charted = view.metrics ?? usualMetrics(plain, runs);
  const best = useBest(runs, charted);
  const running = runs.filter((run) => run.status === "RUNNING").map((run) => run.id);
  useLive({ runs: running, keys: charted }, running.length > 0);
  const rows = useMemo(() => rowsOf(runs, best), [runs, best]);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const toggle = (place: number) =>
    setHidden((old) => {
      const next = new Set(old);
      if (!next.delete(place)) next.add(place);
      return next;
    });
  const shared = { runs, names, strokes, view, onView };
  return (
    <>
      <DiffPanel {...shared} rows={rows} />
      <CurvesPanel {...shared} charted={charted} hidden={hidden} onToggle={toggle} />
      <ParallelPanel {...shared} rows={plain} charted={charted} />
      <ScatterPanel {...shared} rows={plain} charted={charted} />
      <EnvironmentPanel {...shared} />
      <FilesPanel runs={runs} names={names} strokes={strokes} />
    </>
  );
}

/** Metrics that were logged over steps and differ; without any, those that differ. */
function usualMetrics(rows: DiffRow[], runs: Run[]): string[] {
  const moving = new Set(
    runs.flatMap((run) => run.latest_metrics.filter((one) => one.step > 0).map((one) => one.key)),
  );
  const metrics = rows.filter((row) => row.group === "Metrics, last");
  const curved = metrics.filter((row) => moving.has(row.key));
  const among = curved.length > 0 ? curved : metrics;
  const different = among.filter(changed);
  return (different.length > 0 ? different : among).slice(0, USUALLY_CHARTED).map((row) => row.key);
}

/** The best value of each charted metric, over the whole curve: its extremes survive thinning. */
function useBest(runs: Run[], metrics: string[]): Best {
  const curves = useManyCurves(runs, metrics);
  return useMemo(() => {
    const found = new Map<string, (number | null)[]>();
    for (const { metric, run, values } of curves) {
      const better = direction(metric);
      if (!better) continue;
      const row = found.get(metric) ?? runs.map(() => null);
      row[runs.findIndex((one) => one.id === run)] = values && bestOf(values, better);
      found.set(metric, row);
    }
    return found;
  }, [curves, runs]);
}
