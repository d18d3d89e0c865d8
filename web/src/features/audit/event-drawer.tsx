import { Drawer } from "@mantine/core";
import { browserName } from "@/lib/browser-name";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { Time } from "@/ui/time";
import type { AuditEvent } from "./api";
import classes from "./audit.module.css";
import { ResultBadge } from "./result-badge";

/** One entry in full: who, from where, and each value before and after. */
export function EventDrawer({ event, onClose }: { event: AuditEvent | null; onClose: () => void }) {
  return (
    <Drawer
      opened={event !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={event?.action}
    >
      {event && <Detail event={event} />}
    </Drawer>
  );
}

function Detail({ event }: { event: AuditEvent }) {
  const changes = changedFields(event);
  return (
    <div className="stack">
      <Facts
        of={[
          ["Result", <ResultBadge key="result" result={event.result} />],
          ["Who", event.actor_name],
          ["When", <Time key="at" at={event.at} absolute />],
          ["Object", `${event.object_type.replaceAll("_", " ")} ${event.object_name ?? ""}`],
          ["Object id", event.object_id && <CopyField value={event.object_id} label="object id" />],
          ["From", event.ip_address && <code>{event.ip_address}</code>],
          [
            "With",
            event.user_agent && (
              <span title={event.user_agent}>{browserName(event.user_agent)}</span>
            ),
          ],
          [
            "Request",
            event.request_id && <CopyField value={event.request_id} label="request id" />,
          ],
        ]}
      />
      {changes.length > 0 ? (
        <table className={classes.changes} aria-label="Changes">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(([field, before, after]) => (
              <tr key={field}>
                <th scope="row">{field}</th>
                <td className={classes.before}>{before}</td>
                <td>{after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="dim">This action changed no stored values.</p>
      )}
    </div>
  );
}

/** The fields that differ, as text. */
function changedFields(event: AuditEvent): [field: string, before: string, after: string][] {
  const before = event.before ?? {};
  const after = event.after ?? {};
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((field): [string, string, string] => [
      field,
      written(before[field]),
      written(after[field]),
    ])
    .filter(([, was, is]) => was !== is);
}

function written(value: unknown): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
