import type { Tab } from "@/features/deployments/tab-names";
import type {
  Baseline,
  DriftWindow,
  Outcome,
  QualityRange,
  TrafficRange,
} from "@/features/monitoring/ranges";
import { PageSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { DeploymentSettings } from "./deployment-settings";
import { lazyView } from "./lazy-view";

const Header = lazyView(
  () => import("@/features/deployments/deployment-header"),
  "DeploymentHeader",
);
const Tabs = lazyView(() => import("@/features/deployments/deployment-tabs"), "DeploymentTabs");
const CurrentRollout = lazyView(
  () => import("@/features/deployments/revision-panels"),
  "CurrentRollout",
);
const EnvironmentTrack = lazyView(
  () => import("@/features/deployments/environment-track"),
  "EnvironmentTrack",
);
const SafeguardsPanel = lazyView(
  () => import("@/features/deployments/safeguards-panel"),
  "SafeguardsPanel",
);
const ShadowPanel = lazyView(() => import("@/features/deployments/shadow-panel"), "ShadowPanel");
const TrafficSplit = lazyView(() => import("@/features/deployments/traffic-split"), "TrafficSplit");
const LiveRevision = lazyView(
  () => import("@/features/deployments/revision-panels"),
  "LiveRevision",
);
const ReportingPanel = lazyView(
  () => import("@/features/deployments/reporting-panel"),
  "ReportingPanel",
);
const Served = lazyView(() => import("@/features/deployments/served"), "Served");
const Predicting = lazyView(() => import("@/features/deployments/served"), "Predicting");
const ApiTab = lazyView(() => import("@/features/deployments/api-tab"), "ApiTab");
const BatchTab = lazyView(() => import("@/features/deployments/batch-tab"), "BatchTab");
const KeysTab = lazyView(() => import("@/features/deployments/keys-tab"), "KeysTab");
const LogsTab = lazyView(() => import("@/features/deployments/logs-tab"), "LogsTab");
const HistoryTab = lazyView(() => import("@/features/deployments/history-tab"), "HistoryTab");
const Discussion = lazyView(() => import("@/features/collaboration/discussion"), "Discussion");
const TrafficPanel = lazyView(() => import("@/features/monitoring/traffic-panel"), "TrafficPanel");
const TokensPanel = lazyView(() => import("@/features/deployments/tokens-panel"), "TokensPanel");
const DriftTab = lazyView(() => import("@/features/monitoring/drift-tab"), "DriftTab");
const QualityTab = lazyView(() => import("@/features/monitoring/quality-tab"), "QualityTab");
const PredictionsTab = lazyView(
  () => import("@/features/monitoring/predictions-tab"),
  "PredictionsTab",
);

/** What of a deployment is looked at; all of it stands in the address. */
export interface DeploymentView {
  tab: Tab;
  range: TrafficRange;
  window: DriftWindow;
  baseline: Baseline;
  outcome: Outcome;
  period: QualityRange;
  feature: string;
}

interface Props {
  id: string;
  view: DeploymentView;
  onView: (change: Partial<DeploymentView>) => void;
}

/** One deployment: its header, and one tab of it. Joins what the deployments and monitoring features know. */
export function DeploymentPage(props: Props) {
  return (
    <>
      <Header id={props.id} tab={props.view.tab} />
      <Tabs id={props.id} current={props.view.tab} />
      <View key={props.view.tab} loading={<PageSkeleton />}>
        <TabBody {...props} />
      </View>
    </>
  );
}

function TabBody({ id, view, onView }: Props) {
  switch (view.tab) {
    case "drift":
      return (
        <DriftTab
          id={id}
          view={{ window: view.window, baseline: view.baseline, feature: view.feature || null }}
          onView={(next) =>
            onView({ window: next.window, baseline: next.baseline, feature: next.feature ?? "" })
          }
        />
      );
    case "quality":
      return <QualityTab id={id} range={view.period} onRange={(period) => onView({ period })} />;
    case "predictions":
      return (
        <PredictionsTab
          id={id}
          outcome={view.outcome}
          onOutcome={(outcome) => onView({ outcome })}
        />
      );
    case "api":
      return <ApiTab id={id} />;
    case "batch":
      return <BatchTab id={id} />;
    case "keys":
      return <KeysTab id={id} />;
    case "logs":
      return <LogsTab id={id} />;
    case "discussion":
      return <Discussion about={{ kind: "deployment", id }} />;
    case "history":
      return <HistoryTab id={id} />;
    case "settings":
      return <DeploymentSettings id={id} />;
    default:
      return (
        <div className="stack loose">
          <ReportingPanel id={id} />
          <Served id={id}>
            <CurrentRollout id={id} />
            <TrafficSplit id={id} />
            <ShadowPanel id={id} />
          </Served>
          <View>
            <TrafficPanel id={id} range={view.range} onRange={(range) => onView({ range })} />
          </View>
          <Served id={id}>
            <View>
              <TokensPanel id={id} />
            </View>
          </Served>
          <Served id={id}>
            <EnvironmentTrack id={id} />
            <LiveRevision id={id} />
            <Predicting id={id}>
              <View>
                <SafeguardsPanel id={id} />
              </View>
            </Predicting>
          </Served>
        </div>
      );
  }
}
