import { useSuspenseQuery } from "@tanstack/react-query";
import { count, percent } from "@/lib/format";
import { BarChart } from "@/ui/charts/bar-chart";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Stat } from "@/ui/stat";
import { adoption, type Report } from "./api";

const share = (part: number, whole: number) => (whole === 0 ? null : part / whole);
const shown = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : percent(value);

/** How much quick deploy is used, how often it fails, and what people choose instead. */
export function Adoption() {
  const { data } = useSuspenseQuery(adoption());
  if (data.months.length === 0) {
    return (
      <Panel title="How quick deploy does">
        <EmptyState title="Nothing has been deployed yet">
          Deployments of this workspace are counted by month; sample projects are left out.
        </EmptyState>
      </Panel>
    );
  }
  return <Charts of={data} />;
}

function Charts({ of: { months, corrections, target } }: { of: Report }) {
  const total = totalOf(months);
  const labels = months.map((one) => one.month);
  return (
    <Panel
      title="How quick deploy does"
      note="Deployments of this workspace by calendar month, UTC; sample projects are left out."
    >
      <div className="stack">
        <div className="grid-4">
          <Stat
            label="Adoption"
            value={shown(share(total.auto, total.auto + total.manual))}
            note={`target ${percent(target)}, ${count(total.auto + total.manual)} deployments`}
          />
          <Stat
            label="Failed, picked setup"
            value={shown(share(total.failedAuto, total.rolloutsAuto))}
            note={`${count(total.failedAuto)} of ${count(total.rolloutsAuto)} rollouts`}
          />
          <Stat
            label="Failed, own setup"
            value={shown(share(total.failedManual, total.rolloutsManual))}
            note={`${count(total.failedManual)} of ${count(total.rolloutsManual)} rollouts`}
          />
          <Stat
            label="Corrections"
            value={count(total.corrections)}
            note={
              corrections[0]
                ? `most often ${corrections[0].picked} → ${corrections[0].chosen}`
                : "nobody chose another engine"
            }
          />
        </div>
        <div className="grid-2">
          <BarChart
            title="New deployments"
            summary={`${count(total.auto)} with the picked setup, ${count(total.manual)} with their own.`}
            labels={labels}
            series={[
              {
                label: "picked setup",
                values: months.map((one) => one.deployments_auto),
                token: "series-1",
              },
              {
                label: "own setup",
                values: months.map((one) => one.deployments_manual),
                token: "series-2",
              },
            ]}
          />
          <BarChart
            title="Failed rollouts, share"
            summary="Share of rollouts that failed, by how they were set up."
            labels={labels}
            format={shown}
            series={[
              {
                label: "picked setup",
                values: months.map((one) => share(one.failed_auto, one.rollouts_auto) ?? 0),
                token: "series-1",
              },
              {
                label: "own setup",
                values: months.map((one) => share(one.failed_manual, one.rollouts_manual) ?? 0),
                token: "series-2",
              },
            ]}
          />
        </div>
      </div>
    </Panel>
  );
}

function totalOf(months: Report["months"]) {
  const sum = (pick: (month: Report["months"][number]) => number) =>
    months.reduce((total, month) => total + pick(month), 0);
  return {
    auto: sum((one) => one.deployments_auto),
    manual: sum((one) => one.deployments_manual),
    rolloutsAuto: sum((one) => one.rollouts_auto),
    failedAuto: sum((one) => one.failed_auto),
    rolloutsManual: sum((one) => one.rollouts_manual),
    failedManual: sum((one) => one.failed_manual),
    corrections: sum((one) => one.corrections),
  };
}
