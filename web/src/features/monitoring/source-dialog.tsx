import { Button, Modal, NumberInput, Select, Switch } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import { type Source, useConnect, useLook } from "./source-api";
import { SourceColumns } from "./source-columns";
import { type Draft, draftOf, guessed, type Kind, placeOf, putOf } from "./source-draft";
import { PlaceFields } from "./source-place";

interface Props {
  id: string;
  now: Source | null;
  onClose: () => void;
}

const KINDS: { value: Kind; label: string }[] = [
  { value: "postgresql", label: "PostgreSQL table or query" },
  { value: "s3", label: "S3-compatible storage" },
  { value: "https", label: "File at a web address" },
];
/** Connects a deployment to where its outcomes are: the place, its columns, how often. */
export function SourceDialog({ id, now, onClose }: Props) {
  useFocusBack();
  const connect = useConnect(id);
  const look = useLook(id);
  const [draft, setDraft] = useState<Draft>(() => draftOf(now));
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const found = look.data?.columns ?? [];
  const isKept = now?.place.kind === draft.kind;
  return (
    <Modal opened onClose={onClose} title="Source of outcomes" size="lg">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          connect.mutate(putOf(draft), { onSuccess: onClose });
        }}
      >
        <Select
          label="Outcomes are in"
          allowDeselect={false}
          data={KINDS}
          value={draft.kind}
          onChange={(chosen) => {
            const kind = KINDS.find((one) => one.value === chosen)?.value;
            if (kind) set({ kind });
          }}
        />
        <PlaceFields draft={draft} isKept={isKept} set={set} />
        <div className="row wrap">
          <Button
            variant="default"
            loading={look.isPending}
            onClick={() =>
              look.mutate(placeOf(draft), {
                onSuccess: ({ columns }) =>
                  setDraft((before) =>
                    guessed(
                      before,
                      columns.map((one) => one.name),
                    ),
                  ),
              })
            }
          >
            Look at the columns
          </Button>
          {found.length > 0 && (
            <span className="small dim" role="status">
              {found
                .map((one) => (one.example === null ? one.name : `${one.name} (${one.example})`))
                .join(", ")}
            </span>
          )}
        </div>
        {look.error && <Refused error={look.error} />}
        <SourceColumns draft={draft} names={found.map((one) => one.name)} set={set} />
        <div className="grid-2">
          <NumberInput
            label="Every, minutes"
            min={5}
            max={10_080}
            allowDecimal={false}
            value={draft.every_minutes}
            onChange={(value) => set({ every_minutes: Number(value) })}
          />
          <Switch
            label="Pull on schedule"
            style={{ alignSelf: "end" }}
            checked={draft.is_enabled}
            onChange={(event) => set({ is_enabled: event.currentTarget.checked })}
          />
        </div>
        {connect.error && <Refused error={connect.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={connect.isPending}>
            Save and pull
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
