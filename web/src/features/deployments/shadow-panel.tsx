import { Button } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { count, latency, percent } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { useSetTraffic } from "./actions";
import { type Deployment, deployment, shadowReport } from "./api";

type Report = Shape<"ShadowOut">;
type Slice = Shape<"ShadowSlice">;
type Example = Shape<"ShadowExample">;

/** While a revision gets copies of calls: how it answers them, and what to do with it. */
export function ShadowPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  if (data.shadow === null) return null;
  const { revision, percent: share } = data.shadow;
  return (
    <Panel
      title={`Shadow: revision ${revision} gets copies of ${share} % of the calls`}
      note="Its answers go to nobody. Callers never wait for it; copies it cannot keep up with are thrown away and counted."
    >
      <div className="stack">
        <Answers id={id} revision={revision} />
        <Decide of={data} revision={revision} />
      </div>
    </Panel>
  );
}

function Answers({ id, revision }: { id: string; revision: number }) {
  const { data, error } = useQuery(shadowReport(id, revision));
  if (error) return <Refused error={error} />;
  if (!data) return <EmptyState title="Reading what it answered" />;
  if (data.calls === 0)
    return (
      <EmptyState title="No copy has been answered yet">
        The first calls show here after a few seconds.
      </EmptyState>
    );
  return (
    <>
      <Facts of={factsOf(data)} />
      <Slices of={data} />
      {data.examples.length > 0 && (
        <DataTable
          label="Where it disagrees"
          columns={exampleColumns}
          rows={data.examples.slice(0, 5)}
          rowKey={(row) => row.prediction_id}
        />
      )}
    </>
  );
}

const factsOf = (seen: Report): [string, string][] => [
  [
    "Disagrees",
    seen.disagreement === null
      ? "Nothing compared yet"
      : `${percent(seen.disagreement)} of ${count(seen.rows)} predictions (95 %: ${percent(seen.disagreement_low)} to ${percent(seen.disagreement_high)})`,
  ],
  ["Failed", `${count(seen.failed)} of ${count(seen.calls)} copies, while the live one answered`],
  ["Thrown away", `${count(seen.dropped)} copies`],
  [
    "Time in the model",
    `p50 ${latency(seen.p50_ms)}, p95 ${latency(seen.p95_ms)}; live p50 ${latency(seen.live_p50_ms)}, p95 ${latency(seen.live_p95_ms)}`,
  ],
];

function Slices({ of }: { of: Report }) {
  if (of.slices.length === 0)
    return (
      <p className="small dim">
        No part of the inputs disagrees more than the rest, in {count(of.sampled_rows)} sampled
        rows.
      </p>
    );
  return (
    <DataTable
      label="Parts of the inputs that disagree more"
      columns={sliceColumns}
      rows={of.slices}
      rowKey={(row) => row.condition}
    />
  );
}

function Decide({ of, revision }: { of: Deployment; revision: number }) {
  const mayChange = usePermission("deployments.create");
  const set = useSetTraffic(of.id);
  const live = of.live_revision?.number;
  if (!mayChange || live === undefined) return null;
  const send = (weight: number) =>
    set.mutate({
      weights: [
        { revision: live, weight: 100 - weight },
        { revision, weight },
      ],
    });
  return (
    <div className="stack tight">
      <div className="row wrap">
        <Button size="xs" loading={set.isPending} onClick={() => send(10)}>
          Send 10 % of the traffic
        </Button>
        <Button size="xs" variant="default" onClick={() => send(100)}>
          Send everything
        </Button>
        <Button size="xs" variant="default" color="red" onClick={() => send(0)}>
          End the shadow
        </Button>
      </div>
      {set.error && <Refused error={set.error} />}
    </div>
  );
}

const sliceColumns: Column<Slice>[] = [
  { id: "part", header: "Part", cell: (row) => `${row.feature}: ${row.label}` },
  { id: "rows", header: "Rows", cell: (row) => count(row.rows) },
  { id: "here", header: "Disagrees", cell: (row) => percent(row.disagreement) },
  { id: "elsewhere", header: "Elsewhere", cell: (row) => percent(row.elsewhere) },
];

const exampleColumns: Column<Example>[] = [
  { id: "at", header: "At", cell: (row) => <Time at={row.at} /> },
  { id: "live", header: "Live said", cell: (row) => JSON.stringify(row.live) },
  {
    id: "shadow",
    header: "Shadow said",
    cell: (row) => row.error ?? JSON.stringify(row.shadow),
  },
  {
    id: "inputs",
    header: "Input",
    cell: (row) => <code className="small">{short(JSON.stringify(row.inputs))}</code>,
  },
];

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
