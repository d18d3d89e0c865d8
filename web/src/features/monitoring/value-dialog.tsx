import { Button, Modal, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import type { Quality } from "./api";
import { useChangeValue, type Value } from "./outcome-api";

interface Props {
  id: string;
  task: Quality["task"];
  now: Value | null;
  onClose: () => void;
}

const NOTHING: Required<Value> = {
  currency: "EUR",
  positive: "1",
  true_positive: 0,
  false_positive: 0,
  true_negative: 0,
  false_negative: 0,
  per_row: 0,
  per_unit_of_error: 0,
};
type Money = Exclude<keyof Value, "currency" | "positive">;
const OF_CLASSES: [Money, string][] = [
  ["true_positive", "Rightly found"],
  ["false_positive", "False alarm"],
  ["true_negative", "Rightly left alone"],
  ["false_negative", "Missed"],
  ["per_row", "Every prediction"],
];
const OF_NUMBERS: [Money, string][] = [
  ["per_unit_of_error", "Each unit of error"],
  ["per_row", "Every prediction"],
];

/** What each kind of outcome is worth; costs are negative. */
export function ValueDialog({ id, task, now, onClose }: Props) {
  useFocusBack();
  const change = useChangeValue(id);
  const [wanted, setWanted] = useState<Required<Value>>({ ...NOTHING, ...now });
  const fields = task === "classification" ? OF_CLASSES : OF_NUMBERS;
  return (
    <Modal opened onClose={onClose} title="What an outcome is worth">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(wanted, { onSuccess: onClose });
        }}
      >
        <TextInput
          label="Currency"
          value={wanted.currency}
          maxLength={3}
          onChange={(event) =>
            setWanted({ ...wanted, currency: event.currentTarget.value.toUpperCase() })
          }
        />
        {task === "classification" && (
          <TextInput
            label="Class that is looked for"
            value={wanted.positive}
            onChange={(event) => setWanted({ ...wanted, positive: event.currentTarget.value })}
          />
        )}
        {fields.map(([name, label]) => (
          <NumberInput
            key={name}
            label={label}
            description="Negative for a cost"
            value={wanted[name]}
            onChange={(value) => setWanted({ ...wanted, [name]: Number(value) })}
          />
        ))}
        {change.error && <Refused error={change.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
