import { Checkbox, NumberInput, TextInput } from "@mantine/core";
import type { Version } from "./api";
import { isNumeric, isWhole, type Row } from "./try-row";

type Column = Version["inputs"][number];

interface Props {
  columns: Column[];
  row: Row;
  onChange: (row: Row) => void;
}

/** One field for each input of the model. */
export function TryForm({ columns, row, onChange }: Props) {
  return (
    <div className="grid-4">
      {columns.map((column) => (
        <Field
          key={column.name}
          column={column}
          value={row[column.name]}
          onChange={(value) => onChange({ ...row, [column.name]: value })}
        />
      ))}
    </div>
  );
}

function Field({
  column,
  value,
  onChange,
}: {
  column: Column;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  if (column.dtype === "boolean") {
    return (
      <Checkbox
        label={column.name}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    );
  }
  if (isNumeric(column)) {
    return (
      <NumberInput
        label={column.name}
        value={typeof value === "number" ? value : ""}
        allowDecimal={!isWhole(column)}
        required={column.required}
        hideControls
        onChange={(next) => onChange(typeof next === "number" ? next : null)}
      />
    );
  }
  return (
    <TextInput
      label={column.name}
      value={typeof value === "string" ? value : ""}
      required={column.required}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
