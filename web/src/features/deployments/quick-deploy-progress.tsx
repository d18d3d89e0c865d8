import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { CopyField } from "@/ui/copy-field";
import { LinkButton } from "@/ui/link-button";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import type { Rollout as Started } from "./actions";
import { deployment } from "./api";
import { FirstKey } from "./first-key";
import { Rollout } from "./rollout";

interface Props {
  rollout: Started;
  /** Back to the form with its values kept. */
  onRepair: () => void;
  onClose: () => void;
}

/** The dialog after the click: steps, then the address and what to do with it. */
export function QuickDeployProgress({ rollout, onRepair, onClose }: Props) {
  const { data, error, refetch } = useQuery(deployment(rollout.deploymentId));
  const isShown = data !== undefined;
  const leave = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isShown) leave.current?.focus(); // the button that was pressed is gone
  }, [isShown]);
  if (error && !data) return <Refused error={error} onRetry={() => void refetch()} />;
  const revision = data?.latest_revision;
  if (!data || !revision || revision.number < rollout.revision) return <LinesSkeleton lines={8} />;
  const link = { to: "/w/$ws/deployments/$dep", params: { ...here(), dep: data.id } } as const;
  const live = revision.status === "ready";
  return (
    <div className="stack">
      <Rollout revision={revision} />
      {live && (
        <>
          <Callout tone="ok" role="status" title={`Version ${revision.version} is live`}>
            <CopyField value={data.url} label="address" />
          </Callout>
          <FirstKey deployment={data} />
        </>
      )}
      {revision.status === "failed" && data.live_revision && (
        <Callout>Version {data.live_revision.version} keeps serving.</Callout>
      )}
      <div className="row between wrap">
        <div className="row">
          {live && (
            <>
              <LinkButton variant="default" {...link} search={{ tab: "api" }}>
                Try it
              </LinkButton>
              <LinkButton variant="default" {...link} search={{ tab: "overview" }}>
                Watch
              </LinkButton>
            </>
          )}
        </div>
        <div className="row">
          <Button ref={leave} variant="default" onClick={onClose}>
            {live || revision.status === "failed" ? "Close" : "Continue in the background"}
          </Button>
          {revision.status === "failed" && <Button onClick={onRepair}>Fix and retry</Button>}
        </div>
      </div>
    </div>
  );
}
