import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import type { Column } from "@/ui/data-table";
import { StatusBadge, statusWord } from "@/ui/status-badge";
import { asked } from "./condition-words";
import { RuleState } from "./rule-state";
import type { Rule } from "./rules-api";
import { SEVERITY_TONES } from "./words";

/** What a list tells of each rule. */
export const ruleColumns: Column<Rule>[] = [
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
