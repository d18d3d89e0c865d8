import { Button, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useDeferredValue, useState } from "react";
import { useLive } from "@/api/live";
import { usePermission } from "@/api/session";
import { duration } from "@/lib/format";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { LiveMark } from "@/ui/live-mark";
import { PageHeader } from "@/ui/page-header";
import { LinesSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Run, run, useDeleteRun } from "./api";
import { Artifacts } from "./artifacts";
import { Datasets } from "./datasets";
import { MetricCurves } from "./metric-curves";
import { LatestMetrics, Parameters, RegisteredVersions, Source } from "./run-panels";

const LOST = "modelyard.lost";
/** From so many metrics and parameters on, they can be searched. */
const MANY = 20;

interface Props {
  id: string;
  /** The artifact that is shown, "" for none. */
  artifact: string;
  onArtifact: (path: string) => void;
  /** What the names of shown metrics and parameters hold, "" for all. */
  find: string;
  onFind: (text: string) => void;
}

/** One training: what went in, what was measured, what came out. */
export function RunPage({ id, artifact, onArtifact, find, onFind }: Props) {
  const { data } = useSuspenseQuery(run(id));
  const found = matching(data, useDeferredValue(find));
  const mayWrite = usePermission("experiments.write");
  const isRunning = data.status === "RUNNING";
  const live = useLive({ runs: [id] }, isRunning);
  const isLost = data.status === "KILLED" && LOST in data.tags;
  const seconds = data.ended_at
    ? (Date.parse(data.ended_at) - Date.parse(data.started_at)) / 1_000
    : null;
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/experiments" params={here()}>
            Experiments
          </Link>,
          <Link
            key="experiment"
            to="/w/$ws/experiments/$experiment"
            params={{ ...here(), experiment: data.experiment_id }}
          >
            {data.experiment_name}
          </Link>,
        ]}
        status={
          <span className="row">
            <StatusBadge status={data.status}>{isLost ? "Lost" : undefined}</StatusBadge>
            {isRunning && <LiveMark state={live} />}
          </span>
        }
        meta={
          <>
            {data.user_name} · started <Time at={data.started_at} />
            {seconds !== null && ` · took ${duration(seconds)}`}
          </>
        }
        actions={mayWrite && <DeleteRun run={data} />}
      />
      <div className="stack">
        {isLost && (
          <Callout tone="warn" title="This run was left open">
            Nothing was heard of it for a day after <Time at={data.ended_at} />. Its program may
            have been killed. A program that is still running can finish it as usual.
          </Callout>
        )}
        {data.latest_metrics.length + Object.keys(data.params).length > MANY && (
          <TextInput
            label="Find a metric or parameter"
            placeholder="Part of its name"
            value={find}
            onChange={(event) => onFind(event.currentTarget.value)}
            style={{ maxWidth: 360 }}
          />
        )}
        <div className="grid-2 top">
          <div className="stack">
            <LatestMetrics run={found} of={data} />
            <Parameters run={found} of={data} />
          </div>
          <div className="stack">
            <MetricCurves run={found} />
            <RegisteredVersions run={data} />
            {data.datasets.length > 0 && <Datasets datasets={data.datasets} />}
            <Source run={data} />
          </div>
        </div>
        <View loading={<LinesSkeleton lines={8} />}>
          <Artifacts id={id} selected={artifact} onSelect={onArtifact} />
        </View>
      </div>
    </>
  );
}

/** The run with the metrics and parameters whose names hold a text. */
function matching(data: Run, text: string): Run {
  const part = text.trim().toLowerCase();
  if (part === "") return data;
  const holds = (name: string) => name.toLowerCase().includes(part);
  return {
    ...data,
    latest_metrics: data.latest_metrics.filter((metric) => holds(metric.key)),
    params: Object.fromEntries(Object.entries(data.params).filter(([name]) => holds(name))),
  };
}

function DeleteRun({ run }: { run: Run }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteRun();
  const navigate = useNavigate();
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Delete run ${run.name}?`}
        confirmLabel="Delete run"
        destructive
        onConfirm={() =>
          remove.mutate(run.id, {
            onSuccess: () =>
              navigate({
                to: "/w/$ws/experiments/$experiment",
                params: { ...here(), experiment: run.experiment_id },
              }),
          })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        It leaves the experiment's table with its metrics and artifacts. Registered versions stay.
      </ConfirmDialog>
    </>
  );
}
