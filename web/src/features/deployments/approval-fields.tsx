import { TextInput } from "@mantine/core";
import type { Shape } from "@/api/types";

export type Approval = Shape<"Approval">;

interface Props {
  value: Approval | null;
  onChange: (approval: Approval | null) => void;
  /** The environment takes approved versions only. */
  required?: boolean;
}

/** Who approved the rollout, and where that is written; kept in what answered when. */
export function ApprovalFields({ value, onChange, required = false }: Props) {
  const change = (by: string, url: string) => onChange(by || url ? { by, url: url || null } : null);
  const by = value?.by ?? "";
  const url = value?.url ?? "";
  return (
    <div className="grid-2">
      <TextInput
        label="Approved by"
        description="Kept in the history, in your name"
        value={by}
        required={required || url !== ""}
        maxLength={200}
        onChange={(event) => change(event.currentTarget.value, url)}
      />
      <TextInput
        label="Where it was approved"
        description="A ticket, a change request, a review"
        type="url"
        placeholder="https://"
        pattern="https?://.*"
        value={url}
        onChange={(event) => change(by, event.currentTarget.value)}
      />
    </div>
  );
}
