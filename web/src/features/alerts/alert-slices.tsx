import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "@/lib/format";
import { here } from "@/lib/here";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { sliceColumns } from "@/ui/slice-columns";
import { type Alert, alertSlices } from "./api";

/** Where the model did worst in the time of the alert; silent on alerts that are not about quality. */
export function AlertSlices({ of }: { of: Alert }) {
  const { data } = useSuspenseQuery(alertSlices(of.id));
  if (data.slices.length === 0 && of.cause !== "quality") return null;
  return (
    <Panel
      title="Where"
      note="Parts of the inputs where the model lost most, from a day before the alert on"
      action={
        <Link
          to="/w/$ws/deployments/$dep"
          params={{ ...here(), dep: of.deployment_id }}
          search={{ tab: "quality" }}
        >
          Quality
        </Link>
      }
      flush={data.slices.length > 0}
    >
      {data.slices.length > 0 ? (
        <DataTable
          label="Worst slices"
          columns={sliceColumns(data.task, "Where")}
          rows={data.slices}
          rowKey={(row) => row.condition}
          phone="scroll"
        />
      ) : (
        <EmptyState title="No part is clearly worse">
          {data.reason ?? `Judged on ${count(data.rows)} rows with an outcome.`}
        </EmptyState>
      )}
    </Panel>
  );
}
