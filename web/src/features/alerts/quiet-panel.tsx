import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { FormActions } from "@/ui/form-actions";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import classes from "./alerts.module.css";
import { places, silences, useEndSilence, useSilence } from "./rules-api";

/** When nobody is told: silences and maintenance windows. */
export function QuietPanel() {
  const { data } = useSuspenseQuery(silences());
  const { data: deployments } = useSuspenseQuery(places());
  const mayManage = usePermission("alerts.manage");
  const [adding, setAdding] = useState(false);
  const end = useEndSilence();
  const name = (id: string | null): string => {
    const found = deployments.find((one) => one.id === id);
    return found ? `${found.environment}/${found.name}` : "Every deployment";
  };
  return (
    <Panel
      title="Quiet times"
      note="What fires still at their end is announced"
      action={
        mayManage && (
          <Button size="xs" variant="default" onClick={() => setAdding(true)}>
            Add
          </Button>
        )
      }
      flush
    >
      {data.length === 0 && (
        <p className="dim" style={{ padding: 16 }}>
          None: every alert is told.
        </p>
      )}
      <ul>
        {data.map((one) => (
          <li key={one.id} className={classes.change}>
            <span className="row wrap">
              <strong>{one.reason}</strong>
              {one.repeats !== "never" && <Tag>{one.repeats}</Tag>}
            </span>
            {mayManage && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={`End ${one.reason}`}
                onClick={() => end.mutate(one.id)}
              >
                End
              </Button>
            )}
            <span className="small dim">
              {name(one.deployment_id)}
              {one.cause && `, ${one.cause}`} · <Time at={one.starts_at} absolute /> –{" "}
              <Time at={one.ends_at} absolute /> · {one.created_by_name}
            </span>
          </li>
        ))}
      </ul>
      {end.error && <Refused error={end.error} />}
      <Modal opened={adding} onClose={() => setAdding(false)} title="Add a quiet time">
        {adding && <QuietForm onClose={() => setAdding(false)} />}
      </Modal>
    </Panel>
  );
}

const REPEATS = [
  { value: "never", label: "Once: a silence" },
  { value: "daily", label: "Every day: a maintenance window" },
  { value: "weekly", label: "Every week: a maintenance window" },
] as const;

function QuietForm({ onClose }: { onClose: () => void }) {
  const { data: deployments } = useSuspenseQuery(places());
  const silence = useSilence();
  const [deployment, setDeployment] = useState<string | null>(null);
  const [starts, setStarts] = useState(local(new Date()));
  const [ends, setEnds] = useState(local(new Date(Date.now() + 2 * 3_600_000)));
  const [repeats, setRepeats] = useState<"never" | "daily" | "weekly">("never");
  const [reason, setReason] = useState("");
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        silence.mutate(
          {
            deployment_id: deployment,
            starts_at: new Date(starts).toISOString(),
            ends_at: new Date(ends).toISOString(),
            repeats,
            reason,
          },
          { onSuccess: onClose },
        );
      }}
    >
      <Select
        label="What"
        placeholder="Every deployment"
        clearable
        data={deployments.map((one) => ({
          value: one.id,
          label: `${one.environment}/${one.name}`,
        }))}
        value={deployment}
        onChange={setDeployment}
      />
      <div className="grid-2">
        <TextInput
          label="From"
          type="datetime-local"
          required
          withAsterisk={false}
          value={starts}
          onChange={(event) => setStarts(event.currentTarget.value)}
        />
        <TextInput
          label="Until"
          type="datetime-local"
          required
          withAsterisk={false}
          value={ends}
          onChange={(event) => setEnds(event.currentTarget.value)}
        />
      </div>
      <Select
        label="Again"
        data={[...REPEATS]}
        value={repeats}
        allowDeselect={false}
        onChange={(value) =>
          setRepeats(REPEATS.find((one) => one.value === value)?.value ?? "never")
        }
      />
      <TextInput
        label="Reason"
        required
        withAsterisk={false}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {silence.error && <Refused error={silence.error} />}
      <FormActions onCancel={onClose}>
        <Button type="submit" loading={silence.isPending}>
          Be quiet
        </Button>
      </FormActions>
    </form>
  );
}

/** An instant as the browser's date field wants it: local, to the minute. */
function local(at: Date): string {
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
