import { Button, Modal, MultiSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { LimitInput } from "@/ui/limit-input";
import { Refused } from "@/ui/refused";
import { type Scope, ScopeChoice } from "@/ui/scope-choice";
import { environments, type MadeClient, useCreateClient, type Wanted } from "./api";

interface Props {
  opened: boolean;
  onClose: () => void;
  onMade: (made: MadeClient) => void;
}

/** Makes an OAuth client. */
export function CreateClient({ opened, onClose, onMade }: Props) {
  const create = useCreateClient();
  const close = () => {
    create.reset();
    onClose();
  };
  const save = (wanted: Wanted) =>
    create.mutate(wanted, {
      onSuccess: (made) => {
        close();
        onMade(made);
      },
    });
  return (
    <Modal opened={opened} onClose={close} title="Create OAuth client">
      {opened && (
        <ClientForm busy={create.isPending} error={create.error} onCancel={close} onSave={save} />
      )}
    </Modal>
  );
}

interface FormProps {
  busy: boolean;
  error: Error | null;
  onCancel: () => void;
  onSave: (wanted: Wanted) => void;
}

function ClientForm({ busy, error, onCancel, onSave }: FormProps) {
  const { data } = useQuery(environments());
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["predict"]);
  const [places, setPlaces] = useState<string[]>([]);
  const [limit, setLimit] = useState<number | null>(null);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSave({
          name: name.trim(),
          scopes,
          environments: places.length > 0 ? places : null,
          requests_per_minute: limit,
        });
      }}
    >
      <TextInput
        label="Name"
        description="Who or what will call: checkout-service."
        data-autofocus
        required
        withAsterisk={false}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <ScopeChoice value={scopes} onChange={setScopes} />
      <MultiSelect
        label="Environments"
        description="Those it may call. None chosen: all of them, also later ones."
        placeholder={places.length === 0 ? "All" : ""}
        data={(data ?? []).map((one) => ({ value: one.slug, label: one.name }))}
        value={places}
        onChange={setPlaces}
      />
      <LimitInput
        label="Requests a minute"
        placeholder="No limit"
        value={limit}
        onChange={setLimit}
      />
      {error && <Refused error={error} />}
      <FormActions onCancel={onCancel}>
        <Button type="submit" loading={busy} disabled={!name.trim() || scopes.length === 0}>
          Create client
        </Button>
      </FormActions>
    </form>
  );
}
