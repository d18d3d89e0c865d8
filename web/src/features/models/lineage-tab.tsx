import { useSuspenseQuery } from "@tanstack/react-query";
import { Callout } from "@/ui/callout";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge } from "@/ui/status-badge";
import type { Tone } from "@/ui/tone";
import { LineageGraph } from "./lineage-graph";
import { LineageList } from "./lineage-list";
import { type Lineage, lineage } from "./page-api";

const EFFECTS: Record<Lineage["if_deleted"][number]["effect"], [Tone, string]> = {
  refused: ["bad", "Refused"],
  removed: ["warn", "Removed"],
  stays: ["idle", "Stays"],
};

/** Where a version comes from, where it goes, and what deleting it would break. */
export function LineageTab({ id, version }: { id: string; version: number | null }) {
  if (version === null) return <EmptyState title="Without a version there is no lineage yet" />;
  return <VersionLineage id={id} version={version} />;
}

function VersionLineage({ id, version }: { id: string; version: number }) {
  const { data } = useSuspenseQuery(lineage(id, version));
  return (
    <div className="stack">
      {!data.is_complete && (
        <Callout tone="warn">There is more than this page can show; the nearest is here.</Callout>
      )}
      <Panel title={`Lineage of version ${version}`} note="Data and code left, use right">
        <div className="stack">
          <LineageGraph graph={data} />
          <LineageList graph={data} />
        </div>
      </Panel>
      <Panel title="What breaks if this version is deleted">
        {data.if_deleted.length === 0 ? (
          <p className="dim">Nothing depends on it.</p>
        ) : (
          <ul className="stack tight">
            {data.if_deleted.map((one) => (
              <li key={one.node} className="row wrap">
                <StatusBadge tone={EFFECTS[one.effect][0]}>{EFFECTS[one.effect][1]}</StatusBadge>
                <span>{one.says}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}
