import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { LimitInput } from "@/ui/limit-input";
import { Refused } from "@/ui/refused";
import { type Scope, ScopeChoice } from "@/ui/scope-choice";
import { useCreateKey } from "./actions";

const DAY_MS = 86_400_000;
const LIFETIMES = [
  { value: "0", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

interface Props {
  id: string;
  /** Its language model counts tokens. */
  hasTokens: boolean;
  opened: boolean;
  onClose: () => void;
  onMade: (key: string) => void;
}

/** Asks for a name, an expiry and limits, and makes the key. */
export function CreateKey({ id, hasTokens, opened, onClose, onMade }: Props) {
  const create = useCreateKey(id);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["predict"]);
  const [days, setDays] = useState("0");
  const [limit, setLimit] = useState<number | null>(null);
  const [quota, setQuota] = useState<number | null>(null);
  const [tokens, setTokens] = useState<number | null>(null);
  const submit = () =>
    create.mutate(
      {
        name: name.trim(),
        scopes,
        expires_at:
          days === "0" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
        requests_per_minute: limit,
        requests_per_month: quota,
        tokens_per_month: hasTokens ? tokens : null,
      },
      {
        onSuccess: (made) => {
          setName("");
          onClose();
          onMade(made.key);
        },
      },
    );
  return (
    <Modal opened={opened} onClose={onClose} title="Create endpoint key">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextInput
          label="Name"
          description="Who or what will call: checkout-service."
          data-autofocus
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <ScopeChoice value={scopes} onChange={setScopes} />
        <Select
          label="Expires"
          data={LIFETIMES}
          value={days}
          onChange={(chosen) => chosen && setDays(chosen)}
        />
        <LimitInput
          label="Requests a minute"
          placeholder="No limit"
          value={limit}
          onChange={setLimit}
        />
        <LimitInput
          label="Requests a month"
          description="Calendar months of UTC. Used up, it answers 429 until the next one begins."
          placeholder="No quota"
          thousandSeparator=" "
          value={quota}
          onChange={setQuota}
        />
        {hasTokens && (
          <LimitInput
            label="Tokens a month"
            description="Read and written together, by the same months. An answer that has begun is finished."
            placeholder="No quota"
            thousandSeparator=" "
            value={tokens}
            onChange={setTokens}
          />
        )}
        {create.error && <Refused error={create.error} />}
        <FormActions onCancel={onClose}>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={!name.trim() || scopes.length === 0}
          >
            Create key
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
