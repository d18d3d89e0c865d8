import { NumberInput, Select } from "@mantine/core";
import type { AutoConfig, ServingConfig } from "./api";

interface Props {
  picked: AutoConfig;
  config: ServingConfig;
  onChange: (config: ServingConfig) => void;
}

/** The same setup as fields. */
export function AdvancedSetup({ picked, config, onChange }: Props) {
  const engines = [...new Set([picked.engine, ...picked.alternatives.map((one) => one.engine)])];
  const doubtful = picked.confidence !== "high";
  return (
    <div className="grid-2">
      <Select
        label="Engine"
        data={engines}
        value={config.engine}
        {...(doubtful
          ? {
              description: "We are not sure about this one. Is it right?",
              styles: { input: { borderColor: "var(--warn)" } },
            }
          : {})}
        onChange={(engine) => engine && onChange({ ...config, engine })}
      />
      <NumberInput
        label="Processor, cores"
        min={0.25}
        max={64}
        step={0.25}
        value={config.cpu}
        onChange={(cpu) => typeof cpu === "number" && onChange({ ...config, cpu })}
      />
      <NumberInput
        label="Memory, GB"
        min={0.25}
        max={512}
        step={0.25}
        value={config.memory_gb}
        onChange={(memory) =>
          typeof memory === "number" && onChange({ ...config, memory_gb: memory })
        }
      />
      <NumberInput
        label="GPUs"
        min={0}
        max={16}
        allowDecimal={false}
        value={config.gpu}
        onChange={(gpu) => typeof gpu === "number" && onChange({ ...config, gpu })}
      />
    </div>
  );
}
