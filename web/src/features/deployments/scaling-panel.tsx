import { Button, NumberInput, Switch } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { duration, number, plural } from "@/lib/format";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { useResetScaling, useSetScaling } from "./actions";
import { scalingOf } from "./api";
import { money } from "./cost";

type Scaling = Shape<"ScalingOut">;

const REST_MINUTES = 30;

/** How many processes serve a deployment now, how many may, and when it sleeps. */
export function ScalingPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(scalingOf(id));
  const mayChange = usePermission("deployments.create");
  const [editing, setEditing] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !editing) opener.current?.focus();
    wasEditing.current = editing;
  }, [editing]);
  return (
    <Panel
      title="Processes"
      note={data.is_default ? "As the environment has it." : undefined}
      action={
        mayChange && !editing ? (
          <Button ref={opener} size="xs" variant="default" onClick={() => setEditing(true)}>
            Change
          </Button>
        ) : undefined
      }
    >
      {editing ? (
        <Edit id={id} of={data} onClose={() => setEditing(false)} />
      ) : (
        <Facts of={factsOf(data)} />
      )}
    </Panel>
  );
}

function factsOf(of: Scaling): [string, string][] {
  const more = `; one more for every ${plural(of.target_concurrency, "waiting call")}`;
  const range =
    of.max_replicas === Math.max(1, of.min_replicas)
      ? plural(of.max_replicas, "process", "processes")
      : `${Math.max(1, of.min_replicas)} to ${of.max_replicas}${more}`;
  return [
    ["Now", nowOf(of)],
    ["Allowed", range],
    [
      "Sleep",
      of.idle_minutes === null
        ? "Never"
        : `After ${plural(of.idle_minutes, "minute")} without a call; the next call wakes it`,
    ],
    ...(of.slept_seconds > 0 ? [sleptOf(of)] : []),
  ];
}

function sleptOf(of: Scaling): [string, string] {
  const slept = duration(Math.round(of.slept_seconds));
  if (of.saved === null)
    return ["Slept", `${slept}; a price of the environment says what it saved`];
  return ["Slept", `${slept}, which saved ${money(of.saved)}`];
}

function nowOf(of: Scaling): string {
  if (of.is_asleep) return "Asleep";
  if (of.replicas === null) return "Not known";
  if (of.replicas === 0) return "Being started";
  const held = of.memory_mb ? `, ${number(Math.round(of.memory_mb))} MB` : "";
  return `${plural(of.replicas, "process", "processes")}${held}`;
}

function Edit({ id, of, onClose }: { id: string; of: Scaling; onClose: () => void }) {
  const set = useSetScaling(id);
  const reset = useResetScaling(id);
  const refused = set.error ?? reset.error;
  const [least, setLeast] = useState(Math.max(1, of.min_replicas));
  const [most, setMost] = useState(of.max_replicas);
  const [target, setTarget] = useState(of.target_concurrency);
  const [rest, setRest] = useState<number | null>(of.idle_minutes);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector("input")?.focus();
  }, []);
  return (
    <form
      ref={form}
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        set.mutate(
          {
            min_replicas: rest === null ? least : 0,
            max_replicas: most,
            target_concurrency: target,
            idle_minutes: rest,
          },
          { onSuccess: onClose },
        );
      }}
    >
      <div className="grid-3">
        {rest === null && <Whole label="At least" value={least} onChange={setLeast} />}
        <Whole label="At most" value={most} onChange={setMost} />
        <Whole label="Waiting calls each" value={target} onChange={setTarget} />
        {rest !== null && (
          <Whole label="Sleeps after, minutes" value={rest} onChange={(value) => setRest(value)} />
        )}
      </div>
      <Switch
        label="Sleep without calls; the next call waits until it is awake"
        checked={rest !== null}
        onChange={(event) => setRest(event.currentTarget.checked ? REST_MINUTES : null)}
      />
      {refused && <Refused error={refused} />}
      <div className="row">
        <Button type="submit" size="xs" loading={set.isPending}>
          Save
        </Button>
        {!of.is_default && (
          <Button
            size="xs"
            variant="default"
            loading={reset.isPending}
            onClick={() => reset.mutate(undefined, { onSuccess: onClose })}
          >
            As the environment has it
          </Button>
        )}
        <Button size="xs" variant="default" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

interface WholeProps {
  label: string;
  value: number;
  onChange: (value: number) => void;
}

function Whole({ label, value, onChange }: WholeProps) {
  return (
    <NumberInput
      label={label}
      min={1}
      allowDecimal={false}
      value={value}
      onChange={(next) => typeof next === "number" && onChange(next)}
    />
  );
}
