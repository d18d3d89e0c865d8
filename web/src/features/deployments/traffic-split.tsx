import { Button, NumberInput, Slider } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { useSetTraffic } from "./actions";
import { type Deployment, deployment } from "./api";
import { GuardTable } from "./guard-table";

const PRESETS = [5, 25, 50] as const;

/** While two revisions share traffic, or the old one stands by: the shares and what guards see. */
export function TrafficSplit({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const mayChange = usePermission("deployments.create");
  const [live, candidate] = data.weights;
  if (live && candidate) {
    return (
      <Panel
        title={`Traffic: ${live.weight} % revision ${live.revision}, ${candidate.weight} % revision ${candidate.revision}`}
        note="Callers that send X-Modelyard-Sticky stay where they are while a share only grows."
      >
        <div className="stack">
          <GuardTable revision={data.latest_revision} old={live.revision} />
          {mayChange && (
            <Shares key={candidate.weight} of={data} to={candidate.revision} old={live.revision} />
          )}
        </div>
      </Panel>
    );
  }
  if (data.standby_revision === null || !data.live_revision) return null;
  return (
    <Panel
      title={`Revision ${data.standby_revision} stands by`}
      note={
        <>
          Rolling back to it takes effect at once, until <Time at={data.standby_until} />.
        </>
      }
    >
      <GuardTable revision={data.live_revision} old={data.standby_revision} />
    </Panel>
  );
}

function Shares({ of, to, old }: { of: Deployment; to: number; old: number }) {
  const now = of.weights.find((one) => one.revision === to)?.weight ?? 0;
  const [share, setShare] = useState(now);
  const set = useSetTraffic(of.id);
  const send = (weight: number) =>
    set.mutate({
      weights: [
        { revision: old, weight: 100 - weight },
        { revision: to, weight },
      ],
    });
  return (
    <div className="stack tight">
      <div className="row wrap" style={{ alignItems: "flex-end" }}>
        <div style={{ flex: "1 1 240px" }}>
          <Slider
            min={0}
            max={100}
            value={share}
            onChange={setShare}
            thumbLabel={`Share of revision ${to}, %`}
            label={(value) => `${value} %`}
          />
        </div>
        <NumberInput
          label={`Revision ${to}, %`}
          w={110}
          min={0}
          max={100}
          allowDecimal={false}
          value={share}
          onChange={(value) => typeof value === "number" && setShare(value)}
        />
      </div>
      <div className="row wrap">
        {PRESETS.map((preset) => (
          <Button key={preset} size="xs" variant="default" onClick={() => setShare(preset)}>
            {preset} %
          </Button>
        ))}
        <Button
          size="xs"
          loading={set.isPending}
          disabled={share === now}
          onClick={() => send(share)}
        >
          Send {share} % to revision {to}
        </Button>
        <Button size="xs" variant="default" onClick={() => send(100)}>
          Send everything
        </Button>
        <Button size="xs" variant="default" color="red" onClick={() => send(0)}>
          Take back
        </Button>
      </div>
      {set.error && <Refused error={set.error} />}
    </div>
  );
}
