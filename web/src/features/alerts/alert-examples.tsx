import { useSuspenseQuery } from "@tanstack/react-query";
import { latency } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import classes from "./alerts.module.css";
import { alertExamples } from "./api";

/** Logged calls of the time; values of columns with telling names are hidden. */
export function AlertExamples({ id }: { id: string }) {
  const { data } = useSuspenseQuery(alertExamples(id));
  if (data.length === 0) return null;
  const hidden = [...new Set(data.flatMap((call) => call.masked))];
  return (
    <Panel
      title="Example calls"
      note={hidden.length > 0 ? `Hidden: ${hidden.join(", ")}` : "The newest of the time"}
    >
      <ul className={`stack ${classes.calls}`}>
        {data.map((call) => (
          <li key={call.id}>
            <div className="row wrap small dim">
              <code>{call.id}</code>
              <span>
                {call.status}, {latency(call.total_ms)}, v{call.version}, <Time at={call.at} />
              </span>
            </div>
            <code className="clamp">{JSON.stringify(call.inputs?.[0] ?? null)}</code>
            <div className="small">
              {call.error ?? `→ ${JSON.stringify(call.outputs?.[0] ?? null)}`}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
