import { Button, Modal, Select } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { type MadeClient, type OAuthClient, useRotateClient } from "./api";

const OVERLAPS = [
  { value: "0", label: "Not at all" },
  { value: "24", label: "For a day" },
  { value: "168", label: "For a week" },
  { value: "720", label: "For 30 days" },
];

interface Props {
  /** `null` keeps the dialog closed. */
  of: OAuthClient | null;
  onClose: () => void;
  onMade: (made: MadeClient) => void;
}

/** Gives a client another secret; the old one may work on for a while. */
export function RotateClient({ of, onClose, onMade }: Props) {
  const rotate = useRotateClient();
  const [hours, setHours] = useState("24");
  const close = () => {
    rotate.reset();
    onClose();
  };
  const submit = () => {
    if (of === null) return;
    rotate.mutate(
      { id: of.id, overlap_hours: Number(hours) },
      {
        onSuccess: (made) => {
          close();
          onMade(made);
        },
      },
    );
  };
  return (
    <Modal opened={of !== null} onClose={close} title={`Rotate the secret of ${of?.name ?? ""}`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Select
          label="The old secret works on"
          description="So do access tokens that were got by it. After a leak: not at all."
          data={OVERLAPS}
          value={hours}
          onChange={(chosen) => chosen && setHours(chosen)}
        />
        {rotate.error && <Refused error={rotate.error} />}
        <FormActions onCancel={close}>
          <Button type="submit" loading={rotate.isPending}>
            Rotate secret
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
