import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { count, number, percent, plural } from "@/lib/format";
import { LineChart } from "@/ui/charts/line-chart";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type JointDistance, type JointDrift, type JointPair, jointDrift } from "./joint-api";
import type { DriftWindow } from "./ranges";

interface Props {
  id: string;
  window: DriftWindow;
}

/** What the inputs show together and none of them alone. */
export function JointPanel(props: Props) {
  return (
    <View loading={<LinesSkeleton lines={6} />}>
      <Together {...props} />
    </View>
  );
}

function Together({ id, window }: Props) {
  const { data } = useSuspenseQuery(jointDrift(id, window));
  return (
    <Panel
      title="Inputs together"
      note={`${data.verdict_reason} ${data.persistence ?? ""}`}
      action={<StatusBadge status={data.verdict} />}
    >
      {data.baseline === null ? (
        <EmptyState title="Nothing to compare with yet">
          Pairs of inputs are compared once there is a baseline for them.
        </EmptyState>
      ) : (
        <div className="stack">
          {data.error && <ErrorChart of={data} />}
          {data.pairs.length > 0 && (
            <DataTable
              label="Most changed pairs"
              columns={PAIR_COLUMNS}
              rows={data.pairs.slice(0, 5)}
              rowKey={(row) => `${row.first} ${row.second}`}
            />
          )}
          {data.distances.length > 0 && (
            <DataTable
              label="Vectors"
              columns={DISTANCE_COLUMNS}
              rows={data.distances}
              rowKey={(row) => row.name}
            />
          )}
          <Basis of={data} />
        </div>
      )}
    </Panel>
  );
}

/** The mean reconstruction error by the hour, in the band that its number of rows leaves. */
function ErrorChart({ of }: { of: JointDrift }) {
  const x = useMemo(() => of.points.map((point) => Date.parse(point.at) / 1_000), [of]);
  const series = useMemo(
    () => [
      {
        label: "reconstruction error",
        values: of.points.map((point) => point.error),
        token: "series-1",
      },
      {
        label: "upper end",
        values: of.points.map((point) => point.high),
        token: "control",
        dash: true,
      },
      {
        label: "lower end",
        values: of.points.map((point) => point.low),
        token: "control",
        dash: true,
      },
    ],
    [of],
  );
  const out = of.points.filter((point) => point.is_out).length;
  return (
    <LineChart
      title={
        of.window === "7d"
          ? "Reconstruction error, by six hours"
          : "Reconstruction error, by the hour"
      }
      summary={`${number(of.error?.value)} in the window, ${number(of.error?.low)} to ${number(of.error?.high)} expected; ${plural(out, "point")} outside.`}
      x={x}
      time
      dots
      series={series}
      band={[1, 2]}
    />
  );
}

function Basis({ of }: { of: JointDrift }) {
  const left = Object.entries(of.left_out);
  return (
    <Facts
      of={[
        [
          "Error",
          of.error &&
            `${number(of.error.value)}, expected ${number(of.error.low)} to ${number(of.error.high)}`,
        ],
        ["Rows", `${count(of.rows)} live, ${count(of.baseline_rows)} reference`],
        [
          "Directions",
          of.components > 0
            ? `${of.components} of ${of.columns.length}, ${percent(of.explained)} of the variance`
            : null,
        ],
        ["Baseline", of.baseline_name ?? "the first live rows"],
        [
          "Left out",
          left.length > 0 ? left.map(([name, why]) => `${name}: ${why}`).join("; ") : null,
        ],
        ["Computed", of.computed_at && <Time at={of.computed_at} />],
      ]}
    />
  );
}

const PAIR_COLUMNS: Column<JointPair>[] = [
  {
    id: "pair",
    header: "Pair",
    cell: (row) => (
      <span>
        <code>{row.first}</code> and <code>{row.second}</code>
      </span>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (row) => <StatusBadge status={row.is_drifting ? "drifting" : "ok"} />,
  },
  {
    id: "reference",
    header: "Correlation, reference",
    align: "end",
    cell: (row) => number(row.reference),
  },
  { id: "current", header: "Live", align: "end", cell: (row) => number(row.current) },
];

const DISTANCE_COLUMNS: Column<JointDistance>[] = [
  { id: "name", header: "Vector", cell: (row) => <code>{row.name}</code> },
  {
    id: "status",
    header: "Status",
    cell: (row) => <StatusBadge status={row.is_drifting ? "drifting" : "ok"} />,
  },
  { id: "dimensions", header: "Elements", align: "end", cell: (row) => count(row.dimensions) },
  {
    id: "distance",
    header: "Distance, in sd",
    align: "end",
    cell: (row) => number(row.distance),
  },
];
