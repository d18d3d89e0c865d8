import { useSuspenseQuery } from "@tanstack/react-query";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { Panel } from "@/ui/panel";
import { ruleColumns } from "./rule-columns";
import { rulesOf } from "./rules-api";

const COLUMNS = ruleColumns.filter((column) => column.id !== "deployment");

/** The alert rules that watch one deployment. */
export function WatchingPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(rulesOf(id));
  const mayManage = usePermission("alerts.manage");
  const add = mayManage && (
    <LinkButton
      to="/w/$ws/alert-rules/new"
      params={here()}
      search={{ deployment: id }}
      variant="default"
      size="xs"
    >
      New rule
    </LinkButton>
  );
  return (
    <Panel title="Alerts" note="Rules that watch it" action={add} flush>
      {data.length === 0 ? (
        <EmptyState title="No rule watches it" />
      ) : (
        <DataTable label="Alert rules" columns={COLUMNS} rows={data} rowKey={(rule) => rule.id} />
      )}
    </Panel>
  );
}
