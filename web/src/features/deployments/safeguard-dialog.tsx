import { Button, Modal, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import {
  ACTIONS,
  CHECKS,
  type Safeguard,
  type Safeguards,
  usePutSafeguards,
} from "./safeguards-api";

interface Props {
  id: string;
  now: Safeguards;
  /** The safeguard to change; `null` to add one. */
  name: string | null;
  onClose: () => void;
}

const ANSWER = "the answer";
const FIRST: Safeguard = {
  name: "answer-range",
  on: "answer",
  column: null,
  check: "range",
  minimum: null,
  maximum: null,
  allowed: null,
  action: "flag",
  default: null,
};
const choices = (of: Record<string, string>) =>
  Object.entries(of).map(([value, label]) => ({ value, label }));
const isOneOf = <T extends string>(value: string | null, of: Record<T, string>): value is T =>
  value !== null && value in of;
const numberOf = (value: string | number) => (value === "" ? null : Number(value));
/** A default as the caller is to get it: a number where it is one, else the word. */
const scalarOf = (text: string) => {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
};

/** One safeguard: what is looked at, when it holds, and what happens then. */
export function SafeguardDialog({ id, now, name, onClose }: Props) {
  useFocusBack();
  const put = usePutSafeguards(id);
  const [wanted, setWanted] = useState<Safeguard>(
    () => now.safeguards.find((one) => one.name === name) ?? FIRST,
  );
  const save = (kept: Safeguard[]) =>
    put.mutate({ safeguards: kept, based_on: now.version }, { onSuccess: onClose });
  const changed = () => {
    const value = typeof wanted.default === "string" ? scalarOf(wanted.default) : wanted.default;
    const kept = { ...wanted, default: value ?? null };
    return name === null
      ? [...now.safeguards, kept]
      : now.safeguards.map((one) => (one.name === name ? kept : one));
  };
  return (
    <Modal opened onClose={onClose} title={name === null ? "Add a safeguard" : `Change ${name}`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save(changed());
        }}
      >
        <TextInput
          label="Name"
          description="Small letters, digits and hyphens; callers are told it"
          required
          pattern="[a-z0-9]([a-z0-9\-]{0,38}[a-z0-9])?"
          value={wanted.name}
          onChange={(event) => setWanted({ ...wanted, name: event.currentTarget.value })}
        />
        <Fields of={wanted} inputs={now.inputs} onChange={setWanted} />
        <Select
          label="Then"
          allowDeselect={false}
          data={choices(ACTIONS)}
          value={wanted.action ?? "flag"}
          onChange={(action) => {
            if (isOneOf(action, ACTIONS)) setWanted({ ...wanted, action, default: null });
          }}
        />
        {wanted.action === "default" && (
          <TextInput
            label="Default value"
            required
            value={wanted.default == null ? "" : String(wanted.default)}
            onChange={(event) => {
              const text = event.currentTarget.value;
              setWanted({ ...wanted, default: text === "" ? null : text });
            }}
          />
        )}
        <p className="small dim">
          It holds for calls from now on, on every revision. Callers read what happened in the
          header <code>X-Modelyard-Safeguard</code>.
        </p>
        {put.error && <Refused error={put.error} />}
        <div className="row between">
          {name === null ? (
            <span />
          ) : (
            <Button
              variant="default"
              disabled={put.isPending}
              onClick={() => save(now.safeguards.filter((one) => one.name !== name))}
            >
              Remove
            </Button>
          )}
          <Button type="submit" loading={put.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface FieldProps {
  of: Safeguard;
  inputs: string[];
  onChange: (of: Safeguard) => void;
}

function Fields({ of, inputs, onChange }: FieldProps) {
  const ofInput = of.on === "input";
  const checks = ofInput
    ? choices(CHECKS).filter((one) => one.value !== "confidence")
    : choices(CHECKS);
  return (
    <>
      <div className="grid-2">
        <Select
          label="Looks at"
          allowDeselect={false}
          searchable
          data={[ANSWER, ...inputs]}
          value={ofInput ? (of.column ?? null) : ANSWER}
          onChange={(chosen) =>
            onChange({
              ...of,
              on: chosen === ANSWER ? "answer" : "input",
              column: chosen === ANSWER ? null : chosen,
              check: of.check === "confidence" ? "range" : of.check,
            })
          }
        />
        <Select
          label="Holds when it"
          allowDeselect={false}
          data={checks}
          value={of.check}
          onChange={(check) => {
            if (isOneOf(check, CHECKS))
              onChange({ ...of, check, minimum: null, maximum: null, allowed: null });
          }}
        />
      </div>
      {of.check === "range" && (
        <div className="grid-2">
          <NumberInput
            label="Smallest"
            value={of.minimum ?? ""}
            onChange={(value) => onChange({ ...of, minimum: numberOf(value) })}
          />
          <NumberInput
            label="Largest"
            value={of.maximum ?? ""}
            onChange={(value) => onChange({ ...of, maximum: numberOf(value) })}
          />
        </div>
      )}
      {of.check === "confidence" && (
        <NumberInput
          label="Sure at least, %"
          required
          min={1}
          max={100}
          value={of.minimum == null ? "" : Number((of.minimum * 100).toPrecision(6))}
          onChange={(value) => {
            const share = numberOf(value);
            onChange({ ...of, minimum: share === null ? null : share / 100 });
          }}
        />
      )}
      {of.check === "unknown" && (
        <TagsInput
          label="Known values"
          maxTags={200}
          value={(of.allowed ?? []).map(String)}
          onChange={(allowed) => onChange({ ...of, allowed: allowed.length ? allowed : null })}
        />
      )}
    </>
  );
}
