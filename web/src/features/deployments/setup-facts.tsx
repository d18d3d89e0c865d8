import { count, number, plural } from "@/lib/format";
import { Facts } from "@/ui/facts";
import { StatusBadge } from "@/ui/status-badge";
import type { Tone } from "@/ui/tone";
import type { AutoConfig, ServingConfig } from "./api";

const CONFIDENCE: Record<AutoConfig["confidence"], { tone: Tone; words: string }> = {
  high: { tone: "ok", words: "High confidence" },
  medium: { tone: "warn", words: "Medium confidence" },
  low: { tone: "warn", words: "Low confidence" },
};
const SHOWN = new Set(["engine", "cpu", "memory_gb", "gpu"]);

export function Confidence({ of }: { of: AutoConfig["confidence"] }) {
  return <StatusBadge tone={CONFIDENCE[of].tone}>{CONFIDENCE[of].words}</StatusBadge>;
}

/** The picked setup, each part with its reason. */
export function SetupFacts({ picked, config }: { picked: AutoConfig; config: ServingConfig }) {
  const reason = (field: keyof ServingConfig) =>
    config[field] === picked[field]
      ? picked.reasons
          .filter((one) => one.field === field)
          .map((one) => one.text)
          .join(" ")
      : "Chosen by you.";
  const others = picked.reasons.filter((one) => !SHOWN.has(one.field));
  return (
    <Facts
      of={[
        ["Engine", <Fact key="engine" value={config.engine} why={reason("engine")} />],
        ["Processor", <Fact key="cpu" value={plural(config.cpu, "core")} why={reason("cpu")} />],
        [
          "Memory",
          <Fact key="memory" value={`${number(config.memory_gb)} GB`} why={reason("memory_gb")} />,
        ],
        [
          "GPU",
          <Fact key="gpu" value={config.gpu ? count(config.gpu) : "None"} why={reason("gpu")} />,
        ],
        ...others.map((one): [string, string] => [
          one.field.charAt(0).toUpperCase() + one.field.slice(1),
          one.text,
        ]),
      ]}
    />
  );
}

function Fact({ value, why }: { value: string; why: string }) {
  return (
    <>
      <strong>{value}</strong> {why && <span className="dim">{why}</span>}
    </>
  );
}
