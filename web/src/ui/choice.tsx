import { SegmentedControl } from "@mantine/core";

interface Props<Value extends string> {
  /** What is chosen: "Range". */
  label: string;
  value: Value;
  options: readonly Value[];
  /** Words for options that do not speak for themselves. */
  names?: Partial<Record<Value, string>>;
  onChange: (value: Value) => void;
}

/** A few options side by side, one chosen. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  names = {},
  onChange,
}: Props<Value>) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={label}
      value={value}
      data={options.map((option) => ({ value: option, label: names[option] ?? option }))}
      onChange={(chosen) => {
        const option = options.find((one) => one === chosen);
        if (option) onChange(option);
      }}
    />
  );
}
