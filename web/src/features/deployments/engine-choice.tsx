import { Radio } from "@mantine/core";
import { StatusBadge } from "@/ui/status-badge";
import type { AutoConfig } from "./api";

interface Props {
  picked: AutoConfig;
  engine: string;
  onChange: (engine: string) => void;
}

/** The engines that could serve the model, each with how well it fits. */
export function EngineChoice({ picked, engine, onChange }: Props) {
  const reason = picked.reasons.find((one) => one.field === "engine")?.text ?? "";
  const all = [
    { engine: picked.engine, fits: true, reason },
    ...picked.alternatives.filter((one) => one.engine !== picked.engine),
  ];
  return (
    <Radio.Group label="Engine" value={engine} onChange={onChange}>
      <div className="stack tight" style={{ marginTop: 8 }}>
        {all.map((one) => (
          <Radio
            key={one.engine}
            value={one.engine}
            disabled={!one.fits}
            label={
              <span className="row wrap">
                <strong>{one.engine}</strong>
                {one.engine === picked.engine && <StatusBadge tone="ok">Picked</StatusBadge>}
                {!one.fits && <StatusBadge tone="idle">Does not fit</StatusBadge>}
              </span>
            }
            description={one.reason}
          />
        ))}
      </div>
    </Radio.Group>
  );
}
