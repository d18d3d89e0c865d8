import { Button, Modal, NumberInput, Select, TagsInput } from "@mantine/core";
import { useState } from "react";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import {
  type Constraint,
  type Constraints,
  useChangeConstraints,
  VALUE_TYPES,
  type ValueType,
} from "./constraint-api";

interface Props {
  id: string;
  now: Constraints;
  /** The column to change; `null` to choose another one of the baseline. */
  column: string | null;
  onClose: () => void;
}

const TYPES = Object.entries(VALUE_TYPES).map(([value, label]) => ({ value, label }));
const isType = (value: string | null): value is ValueType => value !== null && value in VALUE_TYPES;
const numberOf = (value: string | number) => (value === "" ? null : Number(value));
const shareOf = (value: string | number) => (value === "" ? null : Number(value) / 100);
const percentOf = (share: number | null | undefined) =>
  share == null ? "" : Number((share * 100).toPrecision(6));

/** What one column may hold. */
export function ConstraintDialog({ id, now, column, onClose }: Props) {
  useFocusBack();
  const change = useChangeConstraints(id);
  const taken = new Set(now.columns.map((one) => one.column));
  const free = now.proposed.filter((one) => !taken.has(one.column));
  const [wanted, setWanted] = useState<Constraint | undefined>(() =>
    column === null ? free[0] : now.columns.find((one) => one.column === column),
  );
  const save = (changed: Constraint | null) => {
    const name = column ?? changed?.column;
    const others = now.columns.filter((one) => one.column !== name);
    const columns = changed ? [...others, changed] : others;
    columns.sort((one, other) => one.column.localeCompare(other.column));
    change.mutate({ columns, based_on: now.version }, { onSuccess: onClose });
  };
  if (!wanted) return null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={column === null ? "Ask something of a column" : `What ${column} may hold`}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save(wanted);
        }}
      >
        {column === null && (
          <Select
            label="Column"
            searchable
            allowDeselect={false}
            data={free.map((one) => one.column)}
            value={wanted.column}
            onChange={(chosen) => setWanted(free.find((one) => one.column === chosen) ?? wanted)}
          />
        )}
        <Fields of={wanted} onChange={setWanted} />
        <p className="small dim">
          It holds for rows that come from now on. A check is broken when more values than allowed
          do not hold, by more than chance.
        </p>
        {change.error && <Refused error={change.error} />}
        <div className="row between">
          {column === null ? (
            <span />
          ) : (
            <Button variant="default" disabled={change.isPending} onClick={() => save(null)}>
              Ask nothing of it
            </Button>
          )}
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Fields({ of, onChange }: { of: Constraint; onChange: (of: Constraint) => void }) {
  return (
    <>
      <Select
        label="Values are"
        clearable
        placeholder="of any type"
        data={TYPES}
        value={of.type ?? null}
        onChange={(type) => onChange({ ...of, type: isType(type) ? type : null })}
      />
      <div className="grid-2">
        <NumberInput
          label="At least"
          value={of.minimum ?? ""}
          onChange={(value) => onChange({ ...of, minimum: numberOf(value) })}
        />
        <NumberInput
          label="At most"
          value={of.maximum ?? ""}
          onChange={(value) => onChange({ ...of, maximum: numberOf(value) })}
        />
      </div>
      <TagsInput
        label="One of"
        placeholder={of.allowed?.length ? "" : "any value"}
        maxTags={200}
        value={of.allowed ?? []}
        onChange={(allowed) => onChange({ ...of, allowed: allowed.length ? allowed : null })}
      />
      <div className="grid-3">
        <NumberInput
          label="Characters at most"
          min={0}
          allowDecimal={false}
          value={of.max_length ?? ""}
          onChange={(value) => onChange({ ...of, max_length: numberOf(value) })}
        />
        <NumberInput
          label="Missing at most, %"
          min={0}
          max={100}
          value={percentOf(of.max_missing_share)}
          onChange={(value) => onChange({ ...of, max_missing_share: shareOf(value) })}
        />
        <NumberInput
          label="Broken at most, %"
          min={0}
          max={100}
          value={percentOf(of.max_broken_share)}
          onChange={(value) => onChange({ ...of, max_broken_share: shareOf(value) ?? 0 })}
        />
      </div>
    </>
  );
}
