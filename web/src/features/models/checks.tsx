import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import type { Check } from "./api";

const NAMES: Record<Check["name"], string> = {
  package: "Package",
  environment: "Environment",
  prediction: "Prediction",
};

/** The checks of a version in one line. */
export function CheckBadges({ checks }: { checks: Check[] }) {
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {checks.map((check) => (
        <StatusBadge key={check.name} status={check.status} title={check.summary}>
          {NAMES[check.name]}
        </StatusBadge>
      ))}
    </span>
  );
}

/** The checks of a version, each with what it found. */
export function Checks({ checks }: { checks: Check[] }) {
  return (
    <Panel title="Checks" note="Run in the sandbox when the version was registered">
      {checks.length === 0 && <EmptyState title="No checks have run" />}
      <ul className="stack">
        {checks.map((check) => (
          <li key={check.name} className="stack tight">
            <div className="row wrap">
              <StatusBadge status={check.status} />
              <strong>{NAMES[check.name]}</strong>
              {check.finished_at && (
                <span className="small dim">
                  <Time at={check.finished_at} />
                </span>
              )}
            </div>
            <p className="small">{check.summary}</p>
            {check.details && Object.keys(check.details).length > 0 && (
              <details>
                <summary className="small dim">Details of the {check.name} check</summary>
                <CodeBlock
                  code={JSON.stringify(check.details, null, 2)}
                  label={`${check.name} check`}
                  wrap
                />
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
