import { Button, Modal, MultiSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { type RegistryEvent, useCreateWebhook } from "./api";
import { EVENT_NAMES, EVENTS, eventsOf } from "./events";

interface Props {
  opened: boolean;
  onClose: () => void;
}

const CHOICES = EVENTS.map((event) => ({ value: event, label: EVENT_NAMES[event] }));

/** Makes a webhook. */
export function AddWebhook({ opened, onClose }: Props) {
  const create = useCreateWebhook();
  const close = () => {
    create.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title="Add webhook">
      {opened && (
        <WebhookForm
          busy={create.isPending}
          error={create.error}
          onCancel={close}
          onSave={(wanted) => create.mutate(wanted, { onSuccess: close })}
        />
      )}
    </Modal>
  );
}

interface FormProps {
  busy: boolean;
  error: Error | null;
  onCancel: () => void;
  onSave: (wanted: Shape<"WebhookCreate">) => void;
}

function WebhookForm({ busy, error, onCancel, onSave }: FormProps) {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<RegistryEvent[]>(["model_version.created"]);
  const [secret, setSecret] = useState("");
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ name, url, events, description: "", secret: secret || null });
      }}
    >
      <TextInput
        label="Name"
        required
        withAsterisk={false}
        description="Letters, digits, dots, hyphens and underscores."
        value={name}
        onChange={(event) => setName(event.currentTarget.value.trim())}
      />
      <TextInput
        label="Address"
        required
        withAsterisk={false}
        autoComplete="off"
        placeholder="https://"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value.trim())}
      />
      <MultiSelect
        label="Events"
        data={CHOICES}
        value={events}
        searchable
        onChange={(words) => setEvents(eventsOf(words))}
      />
      <PasswordInput
        label="Secret"
        description="Signs each delivery (HMAC-SHA256). At least 8 characters; not shown again."
        autoComplete="new-password"
        minLength={8}
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
      />
      {error && <Refused error={error} />}
      <FormActions onCancel={onCancel}>
        <Button type="submit" loading={busy} disabled={events.length === 0}>
          Add webhook
        </Button>
      </FormActions>
    </form>
  );
}
