import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { LinesSkeleton, TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { PolicyPanel } from "./policy-panel";
import { QuietPanel } from "./quiet-panel";
import { ruleColumns } from "./rule-columns";
import { rules } from "./rules-api";

/** What is watched, and when nobody is told. */
export function RulesPage() {
  const mayManage = usePermission("alerts.manage");
  return (
    <>
      <PageHeader
        title="Alert rules"
        meta="Every deployment has its default rules from the first minute."
        crumbs={[
          <Link key="alerts" to="/w/$ws/alerts" params={here()}>
            Alerts
          </Link>,
        ]}
        actions={
          mayManage && (
            <LinkButton to="/w/$ws/alert-rules/new" params={here()}>
              New rule
            </LinkButton>
          )
        }
      />
      <div className="stack">
        <Panel flush>
          <View loading={<TableSkeleton />}>
            <RuleTable />
          </View>
        </Panel>
        <div className="grid-2 top">
          <View loading={<LinesSkeleton />}>
            <QuietPanel />
          </View>
          <View loading={<LinesSkeleton />}>
            <PolicyPanel />
          </View>
        </div>
      </div>
    </>
  );
}

function RuleTable() {
  const { data } = useSuspenseQuery(rules());
  if (data.length === 0) {
    return (
      <EmptyState title="No rules yet">
        Deploy a model; ten rules watch it from then on, without a form.
      </EmptyState>
    );
  }
  return (
    <DataTable label="Alert rules" columns={ruleColumns} rows={data} rowKey={(rule) => rule.id} />
  );
}
