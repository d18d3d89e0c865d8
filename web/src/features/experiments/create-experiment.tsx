import { Button, Modal, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { here } from "@/lib/here";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useCreateExperiment } from "./api";

/** Asks for a name and opens the new experiment. */
export function CreateExperiment() {
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState("");
  const create = useCreateExperiment();
  const navigate = useNavigate();
  return (
    <>
      <Button onClick={() => setOpened(true)}>Create experiment</Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Create experiment">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate(name.trim(), {
              onSuccess: (made) =>
                navigate({
                  to: "/w/$ws/experiments/$experiment",
                  params: { ...here(), experiment: made.id },
                }),
            });
          }}
        >
          <TextInput
            label="Name"
            data-autofocus
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {create.error && <Refused error={create.error} />}
          <FormActions onCancel={() => setOpened(false)}>
            <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
              Create experiment
            </Button>
          </FormActions>
        </form>
      </Modal>
    </>
  );
}
