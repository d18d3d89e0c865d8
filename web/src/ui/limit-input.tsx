import { NumberInput } from "@mantine/core";

interface Props {
  label: string;
  description?: string;
  /** What nothing means. */
  placeholder?: string;
  thousandSeparator?: string;
  value: number | null;
  onChange: (value: number | null) => void;
}

/** A whole number from one, or none. */
export function LimitInput({ value, onChange, ...shown }: Props) {
  return (
    <NumberInput
      {...shown}
      min={1}
      allowDecimal={false}
      value={value ?? ""}
      onChange={(given) => onChange(typeof given === "number" ? given : null)}
    />
  );
}
