import { Autocomplete, NumberInput, Select } from "@mantine/core";
import type { Draft, Joined } from "./source-draft";

interface Props {
  draft: Draft;
  names: readonly string[];
  set: (change: Partial<Draft>) => void;
}

const JOINED: { value: Joined; label: string }[] = [
  { value: "prediction", label: "Prediction id" },
  { value: "entity", label: "Entity and time" },
];
const COLUMNS = {
  prediction: [
    ["prediction_id", "Prediction id", true],
    ["value", "Outcome", true],
    ["at", "Observed at", false],
    ["row", "Row of the call", false],
  ],
  entity: [
    ["entity", "Entity", true],
    ["value", "Outcome", true],
    ["at", "Observed at", true],
    ["since", "Predicted since", false],
  ],
} as const;

/** Says which column is what: of a prediction, or of whom it was about and when. */
export function SourceColumns({ draft, names, set }: Props) {
  return (
    <>
      <Select
        label="Outcomes are joined by"
        description={
          draft.joined === "entity"
            ? "Each is of the entity's latest prediction up to the time it was observed. The entity column is the one named under capture."
            : "Each names the prediction it is of."
        }
        allowDeselect={false}
        data={JOINED}
        value={draft.joined}
        onChange={(chosen) => {
          const joined = JOINED.find((one) => one.value === chosen)?.value;
          if (joined) set({ joined });
        }}
      />
      <div className="grid-2">
        {COLUMNS[draft.joined].map(([field, label, required]) => (
          <Autocomplete
            key={field}
            label={label}
            description={required ? "Column" : "Column, if there is one"}
            required={required}
            withAsterisk={false}
            data={[...names]}
            value={draft[field]}
            onChange={(name) => set({ [field]: name })}
          />
        ))}
      </div>
      {draft.joined === "entity" && <WithinDays value={draft.within_days} set={set} />}
    </>
  );
}

interface WithinProps {
  value: number;
  set: (change: { within_days: number }) => void;
}

/** How old the prediction of an entity may be at most. */
export function WithinDays({ value, set }: WithinProps) {
  return (
    <NumberInput
      label="Oldest prediction, days"
      description="Made at most so long before the outcome was observed"
      min={1 / 24}
      max={366}
      value={value}
      onChange={(days) => set({ within_days: Number(days) })}
    />
  );
}
