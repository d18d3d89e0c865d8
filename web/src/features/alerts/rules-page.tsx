import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { LinesSkeleton, TableSkeleton } from "@/ui/skeletons";
import { StatusBadge, statusWord } from "@/ui/status-badge";
import { View } from "@/ui/view";
import { asked } from "./condition-words";
import { PolicyPanel } from "./policy-panel";
import { QuietPanel } from "./quiet-panel";
import { RuleState } from "./rule-state";
import { type Rule, rules } from "./rules-api";
import { SEVERITY_TONES } from "./words";

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
  return <DataTable label="Alert rules" columns={columns} rows={data} rowKey={(rule) => rule.id} />;
}

const columns: Column<Rule>[] = [
  {
    id: "name",
    header: "Rule",
    sortBy: (rule) => rule.name.toLowerCase(),
    cell: (rule) => (
      <div>
        <Link to="/w/$ws/alert-rules/$rule" params={{ ...here(), rule: rule.id }}>
          {rule.name}
        </Link>
        <div className="caption dim">{asked(rule.condition)}</div>
      </div>
    ),
  },
  {
    id: "deployment",
    header: "Deployment",
    sortBy: (rule) => `${rule.environment}/${rule.deployment_name}`,
    cell: (rule) => `${rule.environment}/${rule.deployment_name}`,
  },
  {
    id: "severity",
    header: "Severity",
    cell: (rule) => (
      <StatusBadge tone={SEVERITY_TONES[rule.severity]}>{statusWord(rule.severity)}</StatusBadge>
    ),
  },
  {
    id: "state",
    header: "State",
    cell: (rule) => <RuleState of={rule} />,
  },
  {
    id: "text",
    header: "Seen last",
    cell: (rule) => (
      <span className="small dim clamp" title={rule.text}>
        {rule.text || "Not judged yet"}
      </span>
    ),
  },
];
