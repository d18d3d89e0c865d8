import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "@/api/client";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";

interface Props {
  opened: boolean;
  onClose: () => void;
}

/** Makes a workspace of the organisation and goes there. */
export function CreateWorkspaceDialog({ opened, onClose }: Props) {
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: async () => body(await api.POST("/api/v1/workspaces", { body: { name } })),
    onSuccess: (made) => window.location.assign(`/w/${encodeURIComponent(made.slug)}/home`),
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Create workspace">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="A team or a project. Its models, runs and keys are invisible to other workspaces."
          required
          withAsterisk={false}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {create.error && <Refused error={create.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={create.isPending}>
            Create workspace
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
