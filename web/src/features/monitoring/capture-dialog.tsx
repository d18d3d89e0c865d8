import { Button, Modal, NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import {
  type Capture,
  type CapturePut,
  KEEP_NAMES,
  KEEPS,
  type Keep,
  useChangeCapture,
} from "./capture-api";

interface Props {
  id: string;
  now: Capture;
  onClose: () => void;
}

const KEEP_OPTIONS = KEEPS.map((value) => ({ value, label: KEEP_NAMES[value] }));

/** Column by column what is kept, which share of the calls, and for how long. */
export function CaptureDialog({ id, now, onClose }: Props) {
  useFocusBack();
  const change = useChangeCapture(id);
  const [columns, setColumns] = useState<Record<string, Keep>>(() =>
    Object.fromEntries(now.columns.map((column) => [column.name, column.keep])),
  );
  const [share, setShare] = useState(Math.round(now.rate * 100));
  const [days, setDays] = useState(now.retention_days);
  const [entity, setEntity] = useState(now.entity_column);
  const save = () => {
    const wanted: CapturePut = {
      columns,
      rate: share / 100,
      retention_days: days,
      entity_column: entity,
    };
    change.mutate(wanted, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title="What is kept of calls from now on" size="lg">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <div className="grid-3">
          <NumberInput
            label="Share of calls, %"
            min={0}
            max={100}
            value={share}
            onChange={(value) => setShare(Number(value))}
          />
          <NumberInput
            label="Days"
            min={1}
            max={3650}
            value={days}
            onChange={(value) => setDays(Number(value))}
          />
          <Select
            label="Column that names a person"
            clearable
            data={now.columns.map((column) => column.name)}
            value={entity}
            onChange={setEntity}
          />
        </div>
        <p className="small dim">
          Counts for drift are always complete. Columns whose names point to a person are only
          counted unless you choose otherwise.
        </p>
        {now.columns.map((column) => (
          <div key={column.name} className="row between">
            <span>
              <code>{column.name}</code>
              {column.is_sensitive && <span className="small dim"> sensitive by its name</span>}
            </span>
            <Select
              aria-label={`What is kept of ${column.name}`}
              size="xs"
              w={160}
              allowDeselect={false}
              data={KEEP_OPTIONS}
              value={columns[column.name] ?? column.keep}
              onChange={(chosen) => {
                const keep = KEEPS.find((one) => one === chosen);
                if (keep) setColumns({ ...columns, [column.name]: keep });
              }}
            />
          </div>
        ))}
        {change.error && <Refused error={change.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
