import { NumberInput, TextInput } from "@mantine/core";
import { number } from "@/lib/format";
import type { Price } from "./api";

const NONE: Price = { currency: "EUR", cpu_hour: 0, gb_hour: 0, gpu_hour: 0 };

/** What running costs in an environment; without any of it nothing is priced. */
export function PriceFields({
  value,
  onChange,
}: {
  value: Price | null;
  onChange: (value: Price | null) => void;
}) {
  const price = value ?? NONE;
  const set = (change: Partial<Price>) => {
    const next = { ...price, ...change };
    onChange(next.cpu_hour || next.gb_hour || next.gpu_hour ? next : null);
  };
  return (
    <div className="grid-3">
      <Amount
        label="Price of a core, an hour"
        value={value?.cpu_hour}
        onChange={(cpu_hour) => set({ cpu_hour })}
      />
      <Amount
        label="Price of a GB of memory, an hour"
        value={value?.gb_hour}
        onChange={(gb_hour) => set({ gb_hour })}
      />
      <Amount
        label="Price of a GPU, an hour"
        value={value?.gpu_hour}
        onChange={(gpu_hour) => set({ gpu_hour })}
      />
      {value && (
        <TextInput
          label="Currency"
          description="Three letters"
          maxLength={3}
          value={price.currency}
          onChange={(event) => set({ currency: event.currentTarget.value.toUpperCase() })}
        />
      )}
    </div>
  );
}

interface AmountProps {
  label: string;
  value: number | undefined;
  onChange: (value: number) => void;
}

function Amount({ label, value, onChange }: AmountProps) {
  return (
    <NumberInput
      label={label}
      placeholder="Not said"
      min={0}
      decimalScale={6}
      value={value || ""}
      onChange={(next) => onChange(typeof next === "number" ? next : 0)}
    />
  );
}

/** "0.04 EUR a core, 0.005 EUR a GB" of an hour. */
export function priceText(price: Price | null): string {
  if (price === null) return "Not said; what sleep saves is not told";
  const parts: [number | undefined, string][] = [
    [price.cpu_hour, "a core"],
    [price.gb_hour, "a GB"],
    [price.gpu_hour, "a GPU"],
  ];
  const said = parts.filter(([amount]) => amount);
  if (said.length === 0) return `0 ${price.currency}`;
  return said.map(([amount, of]) => `${number(amount)} ${price.currency} ${of}`).join(", ");
}
