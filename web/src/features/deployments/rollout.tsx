import { Callout } from "@/ui/callout";
import { CodeBlock } from "@/ui/code-block";
import { Stepper } from "@/ui/stepper";
import type { Revision } from "./api";
import { Differences } from "./differences";
import { progressOf } from "./steps";

const WAYS_OUT: Record<string, string> = {
  build:
    "Log the model again with requirements that can be installed together, then deploy the new version.",
  verify:
    "Log the model again so that it answers its input example as stored, then deploy the new version.",
};

/** A rollout as it goes: its steps, and on failure what was different and the last log lines. */
export function Rollout({ revision }: { revision: Revision }) {
  const failed = revision.status === "failed";
  const steps = progressOf(revision);
  const failing = steps.find((step) => step.status === "failed");
  const isSaid = failing?.detail !== undefined && failing.detail === revision.status_reason;
  const reason = revision.status_reason ?? "The failing step and the log below say why.";
  return (
    <div className="stack">
      <Stepper label={`Rollout of version ${revision.version}`} steps={steps} />
      {failed && (
        <Callout tone="bad" role="alert" title={`Version ${revision.version} did not go live`}>
          {!isSaid && <p>{reason}</p>}
          <p>{WAYS_OUT[failing?.key ?? ""]}</p>
        </Callout>
      )}
      {revision.differences.length > 0 && <Differences of={revision.differences} />}
      {failed && revision.log_tail.length > 0 && (
        <CodeBlock title="Last log lines" code={revision.log_tail.join("\n")} wrap />
      )}
    </div>
  );
}
