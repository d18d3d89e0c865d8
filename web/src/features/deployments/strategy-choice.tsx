import { NumberInput, Select, Switch } from "@mantine/core";
import type { Shape } from "@/api/types";

export type Strategy = Shape<"Strategy">;

const KINDS: { value: Strategy["kind"]; label: string; says: string }[] = [
  { value: "all_at_once", label: "All at once", says: "The old revision is stopped right away." },
  {
    value: "blue_green",
    label: "Blue/green",
    says: "All traffic at once; the old revision stands by for an instant way back.",
  },
  {
    value: "canary",
    label: "Canary",
    says: "A share first; everything once it has proved itself.",
  },
  { value: "linear", label: "Linear", says: "The same share more, step by step." },
  {
    value: "shadow",
    label: "Shadow",
    says: "Copies of calls, answered to nobody, until you go on. Callers never wait for it.",
  },
];

export const GUARDS: NonNullable<Strategy["guards"]> = {
  error_rate: 0.02,
  latency_factor: 1.5,
  schema_error_rate: 0.2,
  drift: true,
  min_requests: 20,
};

export const AT_ONCE: Strategy = {
  kind: "all_at_once",
  percent: 10,
  bake_seconds: 0,
  tolerance: 0.01,
  guards: null,
};

/** As the server does in production when nobody chooses. */
export const GUARDED: Strategy = {
  kind: "blue_green",
  percent: 10,
  bake_seconds: 300,
  tolerance: 0.01,
  guards: GUARDS,
};

/** What the switch of quick deploy means. */
export const CANARY: Strategy = { ...GUARDED, kind: "canary" };

interface Props {
  value: Strategy;
  onChange: (strategy: Strategy) => void;
}

/** How a version gets its traffic, and whether it is taken back by itself. */
export function StrategyChoice({ value, onChange }: Props) {
  const chosen = KINDS.find((one) => one.value === value.kind);
  const stepwise = value.kind === "canary" || value.kind === "linear";
  const mirrored = value.kind === "shadow";
  return (
    <div className="stack tight">
      <Select
        label="Strategy"
        allowDeselect={false}
        data={KINDS.map(({ value: kind, label }) => ({ value: kind, label }))}
        value={value.kind}
        description={chosen?.says}
        onChange={(next) => {
          const kind = KINDS.find((one) => one.value === next)?.value;
          if (!kind) return;
          onChange(
            kind === "all_at_once"
              ? AT_ONCE
              : { ...value, kind, bake_seconds: value.bake_seconds || 300, guards: GUARDS },
          );
        }}
      />
      {value.kind !== "all_at_once" && (
        <div className="grid-2">
          {(stepwise || mirrored) && (
            <NumberInput
              label={mirrored ? "Copied, %" : value.kind === "canary" ? "Share, %" : "Each step, %"}
              min={1}
              max={mirrored ? 100 : 99}
              allowDecimal={false}
              value={value.percent ?? 10}
              onChange={(percent) => typeof percent === "number" && onChange({ ...value, percent })}
            />
          )}
          {mirrored && (
            <NumberInput
              label="Agrees within, %"
              description="For numbers; labels must be equal"
              min={0}
              max={100}
              value={(value.tolerance ?? 0.01) * 100}
              onChange={(within) =>
                typeof within === "number" && onChange({ ...value, tolerance: within / 100 })
              }
            />
          )}
          {!mirrored && (
            <NumberInput
              label="Watched for, seconds"
              description={stepwise ? "Each step" : "While the old revision stands by"}
              min={1}
              max={604_800}
              allowDecimal={false}
              value={value.bake_seconds ?? 300}
              onChange={(bake) =>
                typeof bake === "number" && onChange({ ...value, bake_seconds: bake })
              }
            />
          )}
        </div>
      )}
      {value.kind !== "all_at_once" && !mirrored && (
        <Switch
          label="Go back by itself on errors, slow answers, refused input, drifting predictions"
          checked={value.guards !== null}
          onChange={(event) =>
            onChange({ ...value, guards: event.currentTarget.checked ? GUARDS : null })
          }
        />
      )}
    </div>
  );
}
