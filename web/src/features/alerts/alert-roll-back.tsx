import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { Facts } from "@/ui/facts";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { type Alert, useRollBackFrom } from "./api";

interface Props {
  of: Alert;
  opened: boolean;
  onClose: () => void;
}

/** One question before the deployment returns to what served before. */
export function AlertRollBack({ of, opened, onClose }: Props) {
  const rollBack = useRollBackFrom();
  const [reason, setReason] = useState("");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Roll back ${of.deployment_name} to version ${of.can_roll_back_version}?`}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          rollBack.mutate(
            { id: of.id, revision: of.can_roll_back_to, reason: reason.trim() || null },
            { onSuccess: onClose },
          );
        }}
      >
        <Facts
          of={[
            ["Where", `${of.environment}/${of.deployment_name}`],
            ["To", `Version ${of.can_roll_back_version}, as in revision ${of.can_roll_back_to}`],
          ]}
        />
        <p className="dim">What is live keeps serving until the other version answers.</p>
        <TextInput
          label="Reason"
          placeholder={`Alert #${of.number}: ${of.title}.`}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {rollBack.error && <Refused error={rollBack.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" data-autofocus loading={rollBack.isPending}>
            Roll back
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
