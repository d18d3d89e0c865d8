import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Shape } from "@/api/types";
import { duration, percent, plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { Days } from "./days";

type Component = Shape<"ComponentOut">;
type Outage = Shape<"OutageOut"> & { component: Component["name"] };

const REFETCH_MS = 15_000;
const NAMES: Record<Component["name"], string> = {
  predictions: "Predictions",
  control_plane: "Control plane",
  database: "Database",
  storage: "Artifact storage",
  redis: "Redis",
};
const WHAT: Record<Component["name"], string> = {
  predictions: "The gateway that answers callers of models; it goes on without the others.",
  control_plane: "These pages, the API and tracking.",
  database: "What the control plane keeps.",
  storage: "Files of runs and models.",
  redis: "Limits counted together; each process counts alone without it.",
};

const status = () =>
  queryOptions({
    queryKey: ["status"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/status", { signal })),
    refetchInterval: REFETCH_MS,
  });

/** Whether the parts of this installation work, and how they did for thirty days. */
export function StatusPage() {
  const { data } = useSuspenseQuery(status());
  const spent = data.components.filter((one) => one.down_seconds > data.budget_seconds);
  const outages: Outage[] = data.components
    .flatMap((one) => one.outages.map((outage) => ({ ...outage, component: one.name })))
    .sort((a, b) => b.began_at.localeCompare(a.began_at));
  const objective = percent(data.objective);
  return (
    <div className="stack loose">
      {spent.map((one) => (
        <Callout key={one.name} tone="warn" title={`${NAMES[one.name]}: the budget is spent`}>
          Down {duration(one.down_seconds)} in 30 days, where {objective} allows{" "}
          {duration(data.budget_seconds)}. Until older outages leave the window, change only what
          makes it steadier.
        </Callout>
      ))}
      <Panel
        title="Components"
        note={`The last 30 days in UTC, each asked four times a minute. ${objective} allows ${duration(data.budget_seconds)}.`}
      >
        {data.components.length === 0 ? (
          <EmptyState title="Nothing was asked yet">
            The first answers are here in a minute.
          </EmptyState>
        ) : (
          <ul className="stack loose" style={{ listStyle: "none", margin: 0, padding: 0 }}>
            {data.components.map((one) => (
              <ComponentRow key={one.name} one={one} budget={data.budget_seconds} />
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Outages" flush>
        {outages.length === 0 ? (
          <EmptyState title="No outage in the last 30 days" />
        ) : (
          <DataTable
            label="Outages"
            columns={COLUMNS}
            rows={outages}
            rowKey={(row) => `${row.component} ${row.began_at}`}
          />
        )}
      </Panel>
    </div>
  );
}

function ComponentRow({ one, budget }: { one: Component; budget: number }) {
  const left = Math.max(0, budget - one.down_seconds);
  const days = one.days.filter((day) => day.watched_seconds > 0).length;
  return (
    <li className="stack">
      <div className="row between wrap">
        <div>
          <strong>{NAMES[one.name]}</strong>
          <div className="dim">{WHAT[one.name]}</div>
        </div>
        <StatusBadge tone={one.is_up ? "ok" : "bad"}>{one.is_up ? "Works" : "Down"}</StatusBadge>
      </div>
      <Days days={one.days} name={NAMES[one.name]} />
      <div className="row between wrap dim">
        <span>
          {share(one.availability)} of {plural(days, "day")} watched
        </span>
        <span>{duration(left)} of the budget left</span>
      </div>
    </li>
  );
}

/** Cut, not rounded: an outage must not become 100 %. */
function share(availability: number | null): string {
  if (availability === null) return "–";
  return `${(Math.floor(availability * 100_000) / 1000).toString()} %`;
}

const COLUMNS: Column<Outage>[] = [
  { id: "component", header: "Component", cell: (row) => NAMES[row.component] },
  { id: "began", header: "Began", cell: (row) => <Time at={row.began_at} absolute /> },
  {
    id: "lasted",
    header: "Lasted",
    align: "end",
    cell: (row) =>
      row.ended_at
        ? duration((Date.parse(row.ended_at) - Date.parse(row.began_at)) / 1000)
        : "still",
  },
  { id: "reason", header: "Reason", cell: (row) => row.reason },
];
