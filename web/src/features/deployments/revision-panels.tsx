import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { number } from "@/lib/format";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { deployment, type Revision } from "./api";
import { LaneFacts } from "./lane-facts";
import { Rollout } from "./rollout";

const RUNS: Record<string, string> = {
  process: "As a sandboxed process",
  docker: "In a container",
  kubernetes: "In pods of the cluster",
};

/** The rollout under way or the one that failed; nothing when the newest revision is the live one. */
export function CurrentRollout({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const latest = data.latest_revision;
  if (latest.status === "ready" || latest.number === data.live_revision?.number) return null;
  if (data.status === "stopped") return null;
  const note = data.live_revision
    ? `Version ${data.live_revision.version} keeps serving.`
    : undefined;
  return (
    <Panel
      title={`Rollout of version ${latest.version}`}
      note={note}
      action={<StatusBadge status={latest.status} />}
    >
      <Rollout revision={latest} />
    </Panel>
  );
}

/** What serves at the moment, and how. */
export function LiveRevision({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  if (!data.live_revision && data.latest_revision.status === "failed") return null;
  return (
    <Panel title="Live revision">
      {data.live_revision ? (
        <RevisionFacts revision={data.live_revision} />
      ) : (
        <EmptyState title="Nothing is live">
          The rollout above, or the history, says why.
        </EmptyState>
      )}
    </Panel>
  );
}

function RevisionFacts({ revision }: { revision: Revision }) {
  const { config } = revision;
  return (
    <Facts
      of={[
        ["Revision", String(revision.number)],
        [
          "Model",
          <Link
            key="model"
            to="/w/$ws/models/$model/v/$version"
            params={{ ...here(), model: revision.model_id, version: String(revision.version) }}
          >
            {revision.model_name} version {revision.version}
          </Link>,
        ],
        ["Live since", <Time key="since" at={revision.live_from} />],
        ["Deployed by", revision.created_by_name],
        ["Engine", config.engine],
        ["Answered by", revision.lane && <LaneFacts key="lane" lane={revision.lane} />],
        [
          "Resources",
          `${number(config.cpu)} CPU, ${number(config.memory_gb)} GB memory${config.gpu ? `, ${config.gpu} GPU` : ""}`,
        ],
        ["Environment", revision.environment_note],
        ["Runs", RUNS[revision.driver] ?? revision.driver],
        ["Image", revision.image],
        ["Sandbox", revision.sandbox],
        ["Rolled back because", revision.reason],
      ]}
    />
  );
}
