import { Button, Modal, Select } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useRotateKey } from "./actions";
import type { Key } from "./api";

const OVERLAPS = [
  { value: "0", label: "Not at all" },
  { value: "1", label: "1 hour" },
  { value: "24", label: "1 day" },
  { value: "168", label: "7 days" },
];

interface Props {
  id: string;
  /** The key to replace; `null` keeps the dialog closed. */
  of: Key | null;
  onClose: () => void;
  onMade: (key: string) => void;
}

/** Replaces a key: the old one works on for a while beside the new one. */
export function RotateKey({ id, of, onClose, onMade }: Props) {
  const rotate = useRotateKey(id);
  const [hours, setHours] = useState("24");
  return (
    <Modal opened={of !== null} onClose={onClose} title={`Rotate ${of?.name ?? ""}?`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!of) return;
          rotate.mutate(
            { keyId: of.id, overlap_hours: Number(hours) },
            {
              onSuccess: (made) => {
                onClose();
                onMade(made.key);
              },
            },
          );
        }}
      >
        <p>The new key may do the same. Give it to the callers while both work.</p>
        <Select
          label="The old key works on for"
          allowDeselect={false}
          data={OVERLAPS}
          value={hours}
          onChange={(value) => value && setHours(value)}
        />
        {rotate.error && <Refused error={rotate.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={rotate.isPending} data-autofocus>
            Rotate key
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
