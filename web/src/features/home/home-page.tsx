import { useSuspenseQuery } from "@tanstack/react-query";
import { useMe } from "@/api/session";
import { count } from "@/lib/format";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { Stat } from "@/ui/stat";
import { View } from "@/ui/view";
import { Activity } from "./activity";
import { home } from "./api";
import { ConnectPanel } from "./connect-panel";
import classes from "./home.module.css";
import { NeedsAttention } from "./needs-attention";
import { RecentRuns } from "./recent-runs";
import { SamplePanel } from "./sample-panel";
import { StartChecklist } from "./start-checklist";

/** What needs one, what happened, and how to begin. */
export function HomePage({ ws }: { ws: string }) {
  const me = useMe();
  const { data } = useSuspenseQuery(home());
  const name = me.workspaces.find((workspace) => workspace.slug === ws)?.name ?? ws;
  const isFresh = data.run_count + data.model_count + data.deployment_count === 0;
  return (
    <>
      <PageHeader title="Home" meta={`${name}, ${me.organisation_name}`} />
      <div className={classes.columns}>
        <div className={classes.column}>
          {!isFresh && (
            <div className="grid-3 stats">
              <Stat label="Runs" value={count(data.run_count)} />
              <Stat label="Models" value={count(data.model_count)} />
              <Stat label="Deployments" value={count(data.deployment_count)} />
            </div>
          )}
          {data.deployment_count > 0 && (
            <NeedsAttention
              ws={ws}
              alerts={data.alerts}
              rows={data.needs_attention}
              deployments={data.deployment_count}
            />
          )}
          <View
            loading={
              <Panel title="Sample project">
                <LinesSkeleton lines={5} />
              </Panel>
            }
          >
            <SamplePanel ws={ws} />
          </View>
          {data.recent_runs.length > 0 && <RecentRuns ws={ws} runs={data.recent_runs} />}
          {isFresh && <ConnectPanel ws={ws} />}
        </div>
        <div className={classes.column}>
          <StartChecklist steps={data.steps} />
          {!isFresh && <ConnectPanel ws={ws} />}
          <Activity events={data.recent_activity} />
        </div>
      </div>
    </>
  );
}
