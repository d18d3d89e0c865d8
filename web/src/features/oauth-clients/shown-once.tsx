import { CodeBlock } from "@/ui/code-block";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { KeyReveal } from "@/ui/key-reveal";
import type { MadeClient } from "./api";
import { CALL_LINES, tokenLines } from "./snippets";

interface Props {
  /** `null` keeps the dialog closed. */
  made: MadeClient | null;
  onClose: () => void;
}

/** Shows a client's secret the one time it exists in clear, with the lines that use it. */
export function ShownOnce({ made, onClose }: Props) {
  return (
    <KeyReveal
      secret={made?.client_secret ?? null}
      title={`Secret of ${made?.name ?? ""}`}
      label="client secret"
      onClose={onClose}
    >
      <Facts
        of={[["Client id", <CopyField key="id" value={made?.client_id ?? ""} label="client id" />]]}
      />
      <CodeBlock
        wrap
        title="Get an access token"
        code={tokenLines(made?.client_id ?? "", made?.client_secret ?? "")}
      />
      <CodeBlock wrap title="Then call any deployment" code={CALL_LINES} />
    </KeyReveal>
  );
}
