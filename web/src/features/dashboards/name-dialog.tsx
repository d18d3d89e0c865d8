import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import type { Draft, Window } from "./api";
import { WINDOW_WORDS, WINDOWS } from "./words";

type Named = Pick<Draft, "name" | "window">;
const CHOICES = WINDOWS.map((value) => ({ value, label: WINDOW_WORDS[value] }));

interface Props {
  title: string;
  saveLabel: string;
  of?: Named;
  busy: boolean;
  error: Error | null;
  onClose: () => void;
  onSave: (named: Named) => void;
}

/** Name and window of a dashboard. */
export function NameDialog({ title, saveLabel, of, busy, error, onClose, onSave }: Props) {
  useFocusBack();
  const [name, setName] = useState(of?.name ?? "");
  const [window, setWindow] = useState<Window>(of?.window ?? "24h");
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onSave({ name: name.trim(), window });
        }}
      >
        <TextInput
          label="Name"
          required
          withAsterisk={false}
          maxLength={100}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Window"
          description="Of panels that choose none. Readers can look at another one."
          data={CHOICES}
          value={window}
          allowDeselect={false}
          onChange={(value) => setWindow(WINDOWS.find((one) => one === value) ?? window)}
        />
        {error && <Refused error={error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={busy} disabled={name.trim() === ""}>
            {saveLabel}
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
