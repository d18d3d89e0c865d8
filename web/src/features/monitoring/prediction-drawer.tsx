import { Drawer } from "@mantine/core";
import { latency } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { Time } from "@/ui/time";
import type { Prediction } from "./api";

interface Props {
  /** `null` keeps it closed. */
  prediction: Prediction | null;
  onClose: () => void;
}

/** One recorded call: what came in, what went out, where the time went. */
export function PredictionDrawer({ prediction, onClose }: Props) {
  return (
    <Drawer opened={prediction !== null} onClose={onClose} position="right" size={560} title="Call">
      {prediction && <Details of={prediction} />}
    </Drawer>
  );
}

function Details({ of }: { of: Prediction }) {
  const outside = of.model_ms === null ? null : Math.max(of.total_ms - of.model_ms, 0);
  return (
    <div className="stack">
      <Facts
        of={[
          ["Id", <CopyField key="id" value={of.id} label="prediction id" />],
          ["When", <Time key="at" at={of.at} absolute />],
          ["Status", String(of.status)],
          ["Answered by", `Version ${of.version}, revision ${of.revision}`],
          ["Protocol", of.skin],
          ["Caller", of.key_name ?? of.source],
          ["Latency", latency(of.total_ms)],
          ["… in the model", of.model_ms === null ? null : latency(of.model_ms)],
          ["… around it", outside === null ? null : latency(outside)],
          ["Rows", of.rows === null ? null : String(of.rows)],
        ]}
      />
      {of.error && (
        <Callout tone="bad" title="Error">
          {of.error}
        </Callout>
      )}
      {of.inputs && (
        <CodeBlock title="Input, first rows" code={JSON.stringify(of.inputs, null, 2)} />
      )}
      {of.outputs && <CodeBlock title="Output" code={JSON.stringify(of.outputs, null, 2)} />}
    </div>
  );
}
