import { Button, Checkbox, Modal, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { FormActions } from "@/ui/form-actions";
import { KeyReveal } from "@/ui/key-reveal";
import { Refused } from "@/ui/refused";
import { type Channel, useCreateChannel } from "./api";
import { HINTS, KIND_NAMES, KINDS } from "./kinds";

interface Props {
  opened: boolean;
  onClose: () => void;
}

const SEVERITIES: Channel["least_severity"][] = ["info", "warning", "critical"];

/** Makes a channel; a webhook's signing secret is shown once. */
export function AddChannel({ opened, onClose }: Props) {
  const create = useCreateChannel();
  const secret = create.data?.signing_secret ?? null;
  const close = () => {
    create.reset();
    onClose();
  };
  return (
    <>
      <Modal opened={opened && !create.data} onClose={close} title="Add channel">
        {opened && (
          <ChannelForm
            busy={create.isPending}
            error={create.error}
            onCancel={close}
            onSave={(wanted) =>
              create.mutate(wanted, {
                onSuccess: (made) => {
                  if (!made.signing_secret) close();
                },
              })
            }
          />
        )}
      </Modal>
      <KeyReveal secret={secret} title="Signing secret" label="signing secret" onClose={close}>
        <p className="dim">
          The receiver checks with it that a request is ours and fresh; the guide on channels has
          the code.
        </p>
      </KeyReveal>
    </>
  );
}

interface FormProps {
  busy: boolean;
  error: Error | null;
  onCancel: () => void;
  onSave: (wanted: Shape<"ChannelCreate">) => void;
}

function ChannelForm({ busy, error, onCancel, onSave }: FormProps) {
  const [kind, setKind] = useState<Channel["kind"]>("webhook");
  const [name, setName] = useState("");
  const [recipients, setRecipients] = useState<string[]>([]);
  const [place, setPlace] = useState("");
  const [severity, setSeverity] = useState<Channel["least_severity"]>("info");
  const [cap, setCap] = useState(30);
  const [isDefault, setDefault] = useState(true);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSave({
          name,
          kind,
          least_severity: severity,
          hourly_cap: cap,
          is_default: isDefault,
          ...(kind === "email"
            ? { recipients }
            : kind === "pagerduty"
              ? { routing_key: place }
              : { url: place }),
        });
      }}
    >
      <Select
        label="Kind"
        data={KINDS.map((one) => ({ value: one, label: KIND_NAMES[one] }))}
        value={kind}
        allowDeselect={false}
        description={HINTS[kind]}
        onChange={(value) => setKind(KINDS.find((one) => one === value) ?? "webhook")}
      />
      <TextInput
        label="Name"
        required
        withAsterisk={false}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {kind === "email" ? (
        <TagsInput
          label="Recipients"
          placeholder="Address, then Enter"
          value={recipients}
          onChange={setRecipients}
          splitChars={[",", ";", " "]}
        />
      ) : (
        <TextInput
          label={kind === "pagerduty" ? "Integration key" : "Address"}
          required
          withAsterisk={false}
          autoComplete="off"
          value={place}
          onChange={(event) => setPlace(event.currentTarget.value.trim())}
        />
      )}
      <div className="grid-2">
        <Select
          label="From severity"
          data={SEVERITIES}
          value={severity}
          allowDeselect={false}
          onChange={(value) => setSeverity(SEVERITIES.find((one) => one === value) ?? "info")}
        />
        <NumberInput
          label="At most per hour"
          description="The rest comes as one digest."
          min={1}
          max={1000}
          value={cap}
          onChange={(value) => typeof value === "number" && setCap(value)}
        />
      </div>
      <Checkbox
        label="Gets the alerts of rules that name no channel"
        checked={isDefault}
        onChange={(event) => setDefault(event.currentTarget.checked)}
      />
      {error && <Refused error={error} />}
      <FormActions onCancel={onCancel}>
        <Button type="submit" loading={busy}>
          Add channel
        </Button>
      </FormActions>
    </form>
  );
}
