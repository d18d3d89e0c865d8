import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { PageHeader } from "@/ui/page-header";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { experiment } from "./api";
import { ExperimentRuns } from "./experiment-runs";
import type { RunTableView } from "./table-view";

interface Props {
  id: string;
  view: RunTableView;
  onView: (view: RunTableView) => void;
}

/** The runs of one experiment. */
export function ExperimentPage({ id, view, onView }: Props) {
  const { data } = useSuspenseQuery(experiment(id));
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/experiments" params={here()}>
            Experiments
          </Link>,
        ]}
        status={
          data.lifecycle_stage === "deleted" && <StatusBadge tone="idle">Deleted</StatusBadge>
        }
        meta={
          <>
            {plural(data.run_count, "run")}, last activity <Time at={data.last_activity_at} />
          </>
        }
      />
      <ExperimentRuns id={id} view={view} onView={onView} />
    </>
  );
}
