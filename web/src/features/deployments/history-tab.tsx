import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Deployment, deployment, isMoving, type Revision, revisionList } from "./api";
import { RollBack } from "./roll-back";
import { WhatAnswered } from "./what-answered";

/** Every revision there ever was: who, when, what, why. */
export function HistoryTab({ id }: { id: string }) {
  const { data } = useSuspenseQuery(revisionList(id));
  const { data: of } = useSuspenseQuery(deployment(id));
  const mayChange = usePermission("deployments.create");
  const columns = useMemo(
    () => [...columnsOf(data), ...(mayChange && isSettled(of) ? [redeploy(of, data)] : [])],
    [data, of, mayChange],
  );
  return (
    <div className="stack loose">
      <Panel title="Revisions" flush>
        <DataTable
          label="History"
          columns={columns}
          rows={data}
          rowKey={(row) => String(row.number)}
        />
      </Panel>
      <WhatAnswered id={id} />
    </div>
  );
}

/** Nothing is on its way there, so that a revision of before can be served again. */
const isSettled = (of: Deployment): boolean =>
  !isMoving(of.status) && !isMoving(of.latest_revision.status) && of.weights.length < 2;

function redeploy(of: Deployment, all: Revision[]): Column<Revision> {
  const good = all.filter((one) => of.good_revisions.includes(one.number));
  return {
    id: "redeploy",
    header: "",
    align: "end",
    cell: (row) =>
      good.includes(row) && row.number !== of.live_revision?.number ? (
        <RollBack deployment={of} to={row} good={good} inRow />
      ) : null,
  };
}

function whatOf(revision: Revision, all: Revision[]): string {
  const before = all.find((one) => one.number < revision.number && one.live_from !== null);
  if (!before) return "First deployment";
  if (revision.version === before.version) return `Version ${revision.version} again`;
  const verb = revision.version < before.version ? "Back from" : "From";
  return `${verb} version ${before.version} to ${revision.version}`;
}

/** Why somebody made it; of one that failed first what it failed of, which they could not know. */
function Why({ of }: { of: Revision }) {
  if (of.status !== "failed" || !of.status_reason || !of.reason) {
    return of.reason ?? of.status_reason ?? <span className="dim">–</span>;
  }
  return (
    <>
      <div>{of.status_reason}</div>
      <div className="dim">{of.reason}</div>
    </>
  );
}

const columnsOf = (all: Revision[]): Column<Revision>[] => [
  { id: "number", header: "Revision", cell: (row) => `Revision ${row.number}` },
  { id: "status", header: "Status", cell: (row) => <StatusBadge status={row.status} /> },
  {
    id: "version",
    header: "Version",
    cell: (row) => (
      <Link
        to="/w/$ws/models/$model/v/$version"
        params={{ ...here(), model: row.model_id, version: String(row.version) }}
      >
        v{row.version}
      </Link>
    ),
  },
  { id: "what", header: "Change", cell: (row) => whatOf(row, all) },
  {
    id: "why",
    header: "Reason",
    cell: (row) => <Why of={row} />,
  },
  { id: "who", header: "By", cell: (row) => row.created_by_name },
  { id: "when", header: "Started", cell: (row) => <Time at={row.created_at} /> },
  { id: "from", header: "Live from", cell: (row) => <Time at={row.live_from} /> },
  { id: "until", header: "Live until", cell: (row) => <Time at={row.live_until} /> },
];
