import { Button } from "@mantine/core";
import { Refusal } from "@/api/refusal";
import { Callout } from "@/ui/callout";

export const isSetupChange = (error: Error): error is Refusal =>
  error instanceof Refusal && error.code === "deployments.setup_changed";

/** What is picked now and was not when the dialog opened; one more click confirms. */
export function SetupChanged({ error, onAccept }: { error: Error | null; onAccept: () => void }) {
  if (!error || !isSetupChange(error)) return null;
  const { differences } = error.extra;
  return (
    <Callout
      tone="warn"
      role="alert"
      title="The setup has changed since you looked"
      action={
        <Button size="xs" onClick={onAccept}>
          Deploy with the new setup
        </Button>
      }
    >
      <ul style={{ margin: 0, paddingLeft: "1.2em" }}>
        {linesOf(differences).map((line) => (
          <li key={line}>
            <mark>{line}</mark>
          </li>
        ))}
      </ul>
    </Callout>
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const linesOf = (differences: unknown): string[] =>
  (Array.isArray(differences) ? differences : [])
    .filter(isRecord)
    .map((one) => `${String(one.field)}: ${String(one.seen)} → ${String(one.picked)}`);
