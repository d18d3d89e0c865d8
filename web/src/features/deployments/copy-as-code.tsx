import { useEffect, useRef, useState } from "react";
import { Choice } from "@/ui/choice";
import { CodeBlock } from "@/ui/code-block";
import { type DeployCode, deployCode, type Meant } from "./deploy-code";

const NAMES: Record<keyof DeployCode, string> = { curl: "curl", python: "Python", cli: "CLI" };
const WAYS = ["curl", "python", "cli"] as const;

/** What the button would do, as code to be taken away. */
export function CopyAsCode({ of }: { of: Meant }) {
  const [way, setWay] = useState<keyof DeployCode>("python");
  const whole = useRef<HTMLElement>(null);
  // It opens at the end of a form that is longer than the screen.
  useEffect(() => {
    whole.current?.scrollIntoView?.({ block: "nearest" });
  }, []);
  return (
    <section ref={whole} className="stack tight" aria-label="As code">
      <div className="row between wrap">
        <span className="small dim">The API token is read from MODELYARD_TOKEN.</span>
        <Choice label="Language" value={way} options={WAYS} names={NAMES} onChange={setWay} />
      </div>
      <CodeBlock code={deployCode(of)[way]} label={`${NAMES[way]} code`} wrap />
    </section>
  );
}
