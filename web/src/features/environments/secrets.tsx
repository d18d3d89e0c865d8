import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { type Environment, useRemoveSecret, useSetSecret } from "./api";

/** Secrets by name; a value can be replaced and never looked at. */
export function Secrets({ of }: { of: Environment }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const set = useSetSecret(of.slug);
  const remove = useRemoveSecret(of.slug);
  return (
    <section className="stack tight" aria-label={`Secrets of ${of.name}`}>
      <h3 style={{ fontSize: "1rem", margin: 0 }}>Secrets</h3>
      <p className="small dim">
        Sealed when you save, never shown again, given to model servers of this environment as
        environment variables.
      </p>
      {of.secrets.map((secret) => (
        <div key={secret.name} className="row wrap">
          <code>{secret.name}</code>
          <span className="small dim">
            set <Time at={secret.updated_at} /> by {secret.updated_by_name}
          </span>
          <Button size="compact-xs" variant="default" onClick={() => remove.mutate(secret.name)}>
            Remove {secret.name}
          </Button>
        </div>
      ))}
      <form
        className="row wrap"
        style={{ alignItems: "flex-end" }}
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate(
            { name: name.trim(), value },
            {
              onSuccess: () => {
                setName("");
                setValue("");
              },
            },
          );
        }}
      >
        <TextInput
          label="Secret's name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <PasswordInput
          label="Value"
          autoComplete="off"
          miw={220}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          loading={set.isPending}
          disabled={!name.trim() || !value}
        >
          Save secret
        </Button>
      </form>
      {set.error && <Refused error={set.error} />}
      {remove.error && <Refused error={remove.error} />}
    </section>
  );
}
