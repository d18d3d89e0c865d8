import { direction } from "@/lib/direction";
import { duration, number } from "@/lib/format";
import { here } from "@/lib/here";
import type { ServerColumn } from "@/ui/server-table";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { RunSummary } from "./api";
import {
  type Attribute,
  type ColumnName,
  type DataColumn,
  isDataColumn,
  keyOf,
  logged,
} from "./columns";
import classes from "./experiments.module.css";

const WITH_DELTA_PX = 180;

export interface Baseline {
  run: RunSummary | null;
  id: string;
  onPin: (id: string) => void;
  onOpen: (id: string) => void;
}

/** The columns of a run table: its name, then what was chosen; metrics show how far they are from the baseline. */
export function runColumns(chosen: ColumnName[], baseline: Baseline): ServerColumn<RunSummary>[] {
  return [
    nameColumn(baseline),
    ...chosen.map((name) =>
      isDataColumn(name) ? dataColumn(name, baseline.run) : ATTRIBUTE_COLUMNS[name],
    ),
  ];
}

function nameColumn({ id, onPin, onOpen }: Baseline): ServerColumn<RunSummary> {
  return {
    id: "name",
    header: "Run",
    sortable: true,
    // Plain elements: a kit's button and a router's link in each row cost frames while scrolling.
    cell: (run) => (
      <div className={classes.name}>
        <a
          className="truncate"
          title={run.name}
          href={`/w/${here().ws}/runs/${run.id}`}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
            event.preventDefault();
            onOpen(run.id);
          }}
        >
          {run.name}
        </a>
        <button
          type="button"
          className={classes.pin}
          aria-label={run.id === id ? `Unpin ${run.name}` : `Pin ${run.name} as baseline`}
          aria-pressed={run.id === id}
          onClick={() => onPin(run.id === id ? "" : run.id)}
        />
      </div>
    ),
  };
}

function dataColumn(name: DataColumn, baseline: RunSummary | null): ServerColumn<RunSummary> {
  const key = keyOf(name);
  const column = { id: name, header: key, sortable: true };
  if (!name.startsWith("metrics.")) {
    return { ...column, cell: (run) => <Value of={logged(run, name)} /> };
  }
  const from = baseline?.metrics[key];
  return {
    ...column,
    ...(typeof from === "number" ? { width: Math.max(WITH_DELTA_PX, key.length * 8) } : {}),
    onCard: true,
    align: "end",
    cell: (run) => (
      <>
        {run.metrics[key] === null ? "NaN" : number(run.metrics[key])}
        {typeof from === "number" && run.id !== baseline?.id && (
          <Delta metric={key} by={(run.metrics[key] ?? Number.NaN) - from} />
        )}
      </>
    ),
  };
}

function Delta({ metric, by }: { metric: string; by: number }) {
  if (!Number.isFinite(by) || by === 0) return null;
  const better = direction(metric);
  const isBetter = better !== null && by > 0 === (better === "up");
  return (
    <span
      className={`${classes.delta} ${better === null ? "" : isBetter ? classes.better : classes.worse}`}
    >
      {by > 0 ? "▲" : "▼"}
      {number(Math.abs(by))}
      {better !== null && <span className="sr-only">{isBetter ? " better" : " worse"}</span>}
    </span>
  );
}

const ATTRIBUTE_COLUMNS: Record<Attribute, ServerColumn<RunSummary>> = {
  status: {
    id: "status",
    header: "Status",
    width: 130,
    sortable: true,
    onCard: true,
    cell: (run) => <StatusBadge status={run.status} />,
  },
  started: {
    id: "started",
    header: "Started",
    width: 132,
    sortable: true,
    cell: (run) => <Time at={run.started_at} />,
  },
  duration: {
    id: "duration",
    header: "Duration",
    align: "end",
    cell: (run) => <span style={{ whiteSpace: "nowrap" }}>{duration(secondsOf(run))}</span>,
  },
  author: {
    id: "author",
    header: "Author",
    sortable: true,
    cell: (run) => <Value of={run.user_name} />,
  },
};

function secondsOf(run: RunSummary): number | null {
  return run.ended_at ? (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1_000 : null;
}

function Value({ of }: { of: string | number | null | undefined }) {
  if (of === undefined || of === null) return <span className="dim">–</span>;
  return (
    <div className="truncate" style={{ maxWidth: 220 }} title={String(of)}>
      {of}
    </div>
  );
}
