import { Select, TextInput } from "@mantine/core";
import type { AutoConfig, Deployment, Environment } from "./api";
import { ApprovalFields } from "./approval-fields";
import type { Draft } from "./draft";
import { UpdateNotice } from "./update-notice";

interface Props {
  picked: AutoConfig;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  environments: Environment[];
  /** The environment's name for people. */
  place: string;
  updates: Deployment | null;
  version: number | null;
}

/** Where the version goes: environment and address, or the deployment that it updates. */
export function WhereTo(props: Props) {
  const { picked, draft, onDraft, environments, place, updates, version } = props;
  const fixed = draft.retryOf !== null;
  const policy = environments.find((one) => one.slug === draft.environment)?.policy;
  const needsApproval = policy?.needs_approval ?? false;
  return (
    <>
      <div className="grid-2">
        <Select
          label="Environment"
          data={
            environments.length > 0
              ? environments.map((one) => ({ value: one.slug, label: one.name }))
              : [place]
          }
          value={environments.length > 0 ? draft.environment : place}
          disabled={fixed}
          onChange={(environment) => environment && onDraft({ ...draft, environment, name: null })}
        />
        <TextInput
          label="Name in the address"
          styles={{ input: { fontFamily: "var(--font-mono)" } }}
          value={updates ? updates.name : (draft.name ?? picked.suggested_name)}
          disabled={fixed}
          readOnly={updates !== null}
          onChange={(event) => onDraft({ ...draft, name: event.currentTarget.value })}
        />
      </div>
      {updates && !fixed && (
        <UpdateNotice
          updates={updates}
          version={version}
          canary={draft.canary}
          onCanary={(canary) => onDraft({ ...draft, canary })}
          onSeparate={() => onDraft({ ...draft, separate: true, canary: false })}
        />
      )}
      {(needsApproval || draft.environment === "production") && (
        <ApprovalFields
          value={draft.approval}
          onChange={(approval) => onDraft({ ...draft, approval })}
          required={needsApproval}
        />
      )}
    </>
  );
}
