import { Link } from "@tanstack/react-router";
import { number, plural } from "@/lib/format";
import { here } from "@/lib/here";
import { CopyField } from "@/ui/copy-field";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";

type Metric = Run["latest_metrics"][number];

interface Props {
  run: Run;
  /** The run with everything that the search leaves out. */
  of: Run;
}

/** The last value of every metric. */
export function LatestMetrics({ run, of }: Props) {
  const [shown, all] = [run.latest_metrics.length, of.latest_metrics.length];
  return (
    <Panel
      title="Metrics"
      note={shown < all ? `Latest values of ${shown} of ${plural(all, "metric")}` : "Latest values"}
      flush
    >
      {all === 0 ? (
        <EmptyState title="No metrics logged">mlflow.log_metric adds them.</EmptyState>
      ) : (
        shown > 0 && (
          <DataTable
            label="Metrics"
            columns={metricColumns}
            rows={run.latest_metrics}
            rowKey={(row) => row.key}
            phone="scroll"
          />
        )
      )}
    </Panel>
  );
}

const metricColumns: Column<Metric>[] = [
  { id: "key", header: "Metric", sortBy: (row) => row.key, cell: (row) => row.key },
  {
    id: "value",
    header: "Value",
    align: "end",
    sortBy: (row) => row.value,
    cell: (row) => <span title={String(row.value)}>{row.is_nan ? "NaN" : number(row.value)}</span>,
  },
  { id: "step", header: "Step", align: "end", cell: (row) => row.step },
];

type Parameter = [key: string, value: string];

/** What the run was started with. */
export function Parameters({ run, of }: Props) {
  const rows = Object.entries(run.params);
  const all = Object.keys(of.params).length;
  return (
    <Panel
      title="Parameters"
      note={rows.length < all ? `${rows.length} of ${plural(all, "parameter")}` : undefined}
      flush
    >
      {all === 0 ? (
        <EmptyState title="No parameters logged">mlflow.log_param adds them.</EmptyState>
      ) : (
        rows.length > 0 && (
          <DataTable
            label="Parameters"
            columns={parameterColumns}
            rows={rows}
            rowKey={([key]) => key}
            phone="scroll"
          />
        )
      )}
    </Panel>
  );
}

const parameterColumns: Column<Parameter>[] = [
  { id: "key", header: "Parameter", sortBy: ([key]) => key, cell: ([key]) => key },
  {
    id: "value",
    header: "Value",
    cell: ([, value]) => <code style={{ overflowWrap: "anywhere" }}>{value}</code>,
  },
];

/** What was made of the run. */
export function RegisteredVersions({ run }: { run: Run }) {
  return (
    <Panel title="Registered versions">
      {run.registered_versions.length === 0 ? (
        <p className="dim">No model was registered from this run.</p>
      ) : (
        <ul className="stack tight">
          {run.registered_versions.map((one) => (
            <li key={`${one.model_id} ${one.version}`}>
              <Link
                to="/w/$ws/models/$model/v/$version"
                params={{ ...here(), model: one.model_id, version: String(one.version) }}
              >
                {one.name} version {one.version}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** Where the run came from. */
export function Source({ run }: { run: Run }) {
  return (
    <Panel title="Source">
      <Facts
        of={[
          ["Run id", <CopyField key="id" value={run.id} label="run id" />],
          ...Object.entries(run.source).map(([key, value]): [string, string] => [
            key.charAt(0).toUpperCase() + key.slice(1).replaceAll("_", " "),
            value,
          ]),
        ]}
      />
    </Panel>
  );
}
