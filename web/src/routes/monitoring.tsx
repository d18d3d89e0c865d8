import { createRoute } from "@tanstack/react-router";
import { fleetSearch } from "@/features/monitoring/fleet-filter";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const OutsideModel = lazyView(() => import("@/features/deployments/outside-model"), "OutsideModel");
const FleetPage = lazyView(() => import("@/features/monitoring/fleet-page"), "FleetPage");

const monitoring = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "monitoring",
  validateSearch: fleetSearch,
  component: function Monitoring() {
    const search = monitoring.useSearch();
    const navigate = monitoring.useNavigate();
    return (
      <FleetPage
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true })}
        extra={<OutsideModel />}
      />
    );
  },
});

export const monitoringRoutes = [monitoring] as const;
