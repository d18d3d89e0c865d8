import { Button } from "@mantine/core";
import { Refusal } from "@/api/refusal";
import { Callout } from "@/ui/callout";
import { Refused } from "@/ui/refused";
import { isSetupChange } from "./setup-changed";

/** Why the deployment was refused; a taken name comes with one that is free. */
export function NameProblem({
  error,
  onUse,
  onUpdate,
}: {
  error: Error | null;
  onUse: (name: string) => void;
  /** The name is of a deployment of the same model, which can be updated instead. */
  onUpdate?: () => void;
}) {
  if (!error || isSetupChange(error)) return null;
  const free = freeName(error);
  if (!free) return <Refused error={error} />;
  return (
    <Callout
      tone="warn"
      role="alert"
      title="This name is taken"
      action={
        <div className="row wrap">
          {onUpdate && (
            <Button size="xs" variant="default" onClick={onUpdate}>
              New version of it
            </Button>
          )}
          <Button size="xs" onClick={() => onUse(free)}>
            Deploy as {free}
          </Button>
        </div>
      }
    >
      {error.message}
    </Callout>
  );
}

function freeName(error: Error): string | null {
  if (!(error instanceof Refusal) || error.code !== "deployments.name_taken") return null;
  const { suggested_name: name } = error.extra;
  return typeof name === "string" ? name : null;
}
