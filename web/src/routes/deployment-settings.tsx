import { LinesSkeleton, TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { lazyView } from "./lazy-view";

const Served = lazyView(() => import("@/features/deployments/served"), "Served");
const ScalingPanel = lazyView(() => import("@/features/deployments/scaling-panel"), "ScalingPanel");
const VariablesPanel = lazyView(
  () => import("@/features/deployments/variables-panel"),
  "VariablesPanel",
);
const LoggingPanel = lazyView(() => import("@/features/monitoring/logging-panel"), "LoggingPanel");
const WatchingPanel = lazyView(() => import("@/features/alerts/watching-panel"), "WatchingPanel");
const DangerPanel = lazyView(() => import("@/features/deployments/danger-panel"), "DangerPanel");

/** How a deployment is run and watched. Joins what deployments, monitoring and alerts know of it. */
export function DeploymentSettings({ id }: { id: string }) {
  return (
    <div className="stack loose">
      <Served id={id}>
        <View loading={<LinesSkeleton lines={4} />}>
          <ScalingPanel id={id} />
        </View>
        <View loading={<LinesSkeleton lines={3} />}>
          <VariablesPanel id={id} />
        </View>
      </Served>
      <View loading={<LinesSkeleton lines={4} />}>
        <LoggingPanel id={id} />
      </View>
      <View loading={<TableSkeleton />}>
        <WatchingPanel id={id} />
      </View>
      <View loading={null}>
        <DangerPanel id={id} />
      </View>
    </div>
  );
}
