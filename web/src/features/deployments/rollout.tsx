import { Callout } from "@/ui/callout";
import { CodeBlock } from "@/ui/code-block";
import { Stepper } from "@/ui/stepper";
import type { Revision } from "./api";
import { Differences } from "./differences";
import { progressOf } from "./steps";

/** A rollout as it goes: its steps, and on failure what was different and the last log lines. */
export function Rollout({ revision }: { revision: Revision }) {
  const failed = revision.status === "failed";
  return (
    <div className="stack">
      <Stepper label={`Rollout of version ${revision.version}`} steps={progressOf(revision)} />
      {failed && (
        <Callout tone="bad" role="alert" title={`Version ${revision.version} did not go live`}>
          {revision.status_reason ?? "The failing step and the log below say why."}
        </Callout>
      )}
      {revision.differences.length > 0 && <Differences of={revision.differences} />}
      {failed && revision.log_tail.length > 0 && (
        <CodeBlock title="Last log lines" code={revision.log_tail.join("\n")} wrap />
      )}
    </div>
  );
}
