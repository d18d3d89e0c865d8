import { Button, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Callout } from "@/ui/callout";
import { type Deployment, servedVersion } from "./api";
import { schemaDifferences } from "./schema-differences";

interface Props {
  /** The deployment that gets the version. */
  updates: Deployment;
  /** The version that is deployed onto it; `null` until it is known. */
  version: number | null;
  canary: boolean;
  onCanary: (canary: boolean) => void;
  onSeparate: () => void;
}

/** The model is deployed there already: from which version to which, and what callers will notice. */
export function UpdateNotice({ updates, version, canary, onCanary, onSeparate }: Props) {
  const live = updates.live_revision;
  return (
    <>
      <Callout
        title={
          live && version !== null ? `v${live.version} → v${version}` : "Nothing is live there"
        }
        action={
          <Button variant="default" size="xs" onClick={onSeparate}>
            Deploy separately
          </Button>
        }
      >
        {live
          ? `${updates.name} keeps serving version ${live.version} until the new one has passed its checks.`
          : `${updates.name} serves nothing at the moment. This version becomes its next revision.`}
        {live && version !== null && (
          <Schema modelId={updates.model_id} from={live.version} to={version} />
        )}
      </Callout>
      {live && (
        <Switch
          label="As a canary"
          description="10 % of the calls for 5 minutes, then all; taken back by itself when it does worse."
          checked={canary}
          onChange={(event) => onCanary(event.currentTarget.checked)}
        />
      )}
    </>
  );
}

interface SchemaProps {
  modelId: string;
  from: number;
  to: number;
}

function Schema({ modelId, from, to }: SchemaProps) {
  const before = useQuery(servedVersion(modelId, from)).data;
  const after = useQuery(servedVersion(modelId, to)).data;
  if (from === to) return <p>The same version, with the setup below.</p>;
  if (!before || !after) return null;
  const found = schemaDifferences(before, after);
  if (found.length === 0) return <p>Its inputs and outputs are the same.</p>;
  return (
    <ul aria-label="Schema differences">
      {found.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}
