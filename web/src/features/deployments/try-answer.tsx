import type { Shape } from "@/api/types";
import { latency } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { StatusBadge } from "@/ui/status-badge";

/** What the endpoint answered, in how long, and which version it was. */
export function TryAnswer({ answer }: { answer: Shape<"TryOut"> }) {
  const ok = answer.status < 400;
  const headers = new Map(
    Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const version = headers.get("x-model-version");
  const prediction = headers.get("x-prediction-id");
  return (
    <div className="stack tight" role="status">
      <div className="row wrap small">
        <StatusBadge tone={ok ? "ok" : "bad"}>{answer.status}</StatusBadge>
        <span className="num">{latency(answer.latency_ms)}</span>
        {version && <span>Answered by version {version}</span>}
        {prediction && <code className="dim">{prediction}</code>}
      </div>
      <CodeBlock title="Answer" code={JSON.stringify(answer.body, null, 2)} wrap />
    </div>
  );
}
