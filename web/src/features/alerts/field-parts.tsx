import { NumberInput, Select } from "@mantine/core";
import { type CallSignal, isEstimate, isMetric, SIGNALS, type Signal } from "./condition-words";

const isSignal = (value: string | null): value is Signal => value !== null && value in SIGNALS;
const isCallSignal = (value: string | null): value is CallSignal =>
  isSignal(value) && !isMetric(value);

const options = (of: (signal: Signal) => boolean) =>
  Object.entries(SIGNALS)
    .filter(([value]) => isSignal(value) && of(value))
    .map(([value, label]) => ({ value, label }));
const OF_CALLS = options((signal) => !isMetric(signal));
const GROUPED = [
  { group: "Calls", items: OF_CALLS },
  { group: "Estimated without outcomes", items: options(isEstimate) },
  { group: "From outcomes", items: options((one) => isMetric(one) && !isEstimate(one)) },
];

interface SignalProps<Value extends Signal> {
  value: Value;
  onChange: (value: Value) => void;
}

/** Which signal: of the calls, or a metric of the predictions. */
export function SignalSelect({ value, onChange }: SignalProps<Signal>) {
  return (
    <Select
      size="xs"
      w={190}
      aria-label="Signal"
      data={GROUPED}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => isSignal(chosen) && onChange(chosen)}
    />
  );
}

/** Which signal of the calls. */
export function CallSignalSelect({ value, onChange }: SignalProps<CallSignal>) {
  return (
    <Select
      size="xs"
      w={170}
      aria-label="Signal"
      data={OF_CALLS}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => isCallSignal(chosen) && onChange(chosen)}
    />
  );
}

interface WordProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly Value[];
  names?: Partial<Record<Value, string>>;
  onChange: (value: Value) => void;
}

/** One of a few words. */
export function Word<Value extends string>({
  label,
  value,
  options,
  names = {},
  onChange,
}: WordProps<Value>) {
  return (
    <Select
      size="xs"
      w={label === "Against" ? 210 : 150}
      aria-label={label}
      data={options.map((one) => ({ value: one, label: names[one] ?? one }))}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => {
        const option = options.find((one) => one === chosen);
        if (option) onChange(option);
      }}
    />
  );
}

interface AmountProps {
  label: string;
  value: number;
  suffix?: string;
  onChange: (value: number) => void;
}

/** A number with its unit. */
export function Amount({ label, value, suffix = "", onChange }: AmountProps) {
  return (
    <NumberInput
      size="xs"
      w={suffix.length > 4 ? 160 : 110}
      aria-label={label}
      min={0}
      decimalScale={3}
      suffix={suffix}
      value={Number(value.toFixed(3))}
      onChange={(typed) => typeof typed === "number" && onChange(typed)}
    />
  );
}

/** A length of time. */
export function Minutes({
  value,
  onChange,
  label = "Minutes",
  least = 1,
}: {
  value: number;
  onChange: (value: number) => void;
  label?: string;
  least?: number;
}) {
  return (
    <NumberInput
      size="xs"
      w={100}
      aria-label={label}
      min={least}
      max={10_080}
      suffix=" min"
      allowDecimal={false}
      value={value}
      onChange={(typed) => typeof typed === "number" && typed >= least && onChange(typed)}
    />
  );
}
