import { createRoute } from "@tanstack/react-router";
import { TABS } from "@/features/deployments/tab-names";
import {
  BASELINES,
  DRIFT_WINDOWS,
  OUTCOMES,
  QUALITY_RANGES,
  TRAFFIC_RANGES,
} from "@/features/monitoring/ranges";
import { oneOf, type Search, text } from "@/lib/search";
import { DeploymentPage, type DeploymentView } from "./deployment-page";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const DeploymentsPage = lazyView(
  () => import("@/features/deployments/deployments-page"),
  "DeploymentsPage",
);

const deployments = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "deployments",
  validateSearch: (search: Search): { env?: string } =>
    text(search.env) ? { env: text(search.env) } : {},
  component: function Deployments() {
    const place = deployments.useSearch().env ?? "all";
    const navigate = deployments.useNavigate();
    return (
      <DeploymentsPage
        place={place}
        onPlace={(next) => void navigate({ search: next === "all" ? {} : { env: next } })}
      />
    );
  },
});

const deployment = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "deployments/$dep",
  validateSearch: (search: Search): Partial<DeploymentView> => ({
    tab: oneOf(search.tab, TABS, "overview"),
    ...(search.range !== undefined && { range: oneOf(search.range, TRAFFIC_RANGES, "1h") }),
    ...(search.window !== undefined && { window: oneOf(search.window, DRIFT_WINDOWS, "24h") }),
    ...(search.baseline !== undefined && {
      baseline: oneOf(search.baseline, BASELINES, "training"),
    }),
    ...(search.outcome !== undefined && { outcome: oneOf(search.outcome, OUTCOMES, "all") }),
    ...(search.period !== undefined && { period: oneOf(search.period, QUALITY_RANGES, "7d") }),
    ...(text(search.feature) && { feature: text(search.feature) }),
  }),
  component: function Deployment() {
    const { dep } = deployment.useParams();
    const search = deployment.useSearch();
    const navigate = deployment.useNavigate();
    return (
      <DeploymentPage
        key={dep}
        id={dep}
        view={{
          tab: search.tab ?? "overview",
          range: search.range ?? "1h",
          window: search.window ?? "24h",
          baseline: search.baseline ?? "training",
          outcome: search.outcome ?? "all",
          period: search.period ?? "7d",
          feature: search.feature ?? "",
        }}
        onView={(change) =>
          void navigate({
            search: (now) => ({ ...now, ...change }),
            replace: true,
            resetScroll: false,
          })
        }
      />
    );
  },
});

export const deploymentRoutes = [deployments, deployment] as const;
