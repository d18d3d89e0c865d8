import { createRoute } from "@tanstack/react-router";
import { type FleetFilter, fleetFilter } from "@/features/monitoring/fleet-filter";
import { FLEET_RANGES, type FleetRange } from "@/features/monitoring/ranges";
import { oneOf, type Search } from "@/lib/search";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const OutsideModel = lazyView(() => import("@/features/deployments/outside-model"), "OutsideModel");
const FleetPage = lazyView(() => import("@/features/monitoring/fleet-page"), "FleetPage");

const monitoring = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "monitoring",
  validateSearch: (search: Search): { range?: FleetRange } & FleetFilter => ({
    ...(search.range === undefined ? {} : { range: oneOf(search.range, FLEET_RANGES, "24h") }),
    ...fleetFilter(search),
  }),
  component: function Monitoring() {
    const { range = "24h", ...filter } = monitoring.useSearch();
    const navigate = monitoring.useNavigate();
    return (
      <FleetPage
        range={range}
        onRange={(next) => void navigate({ search: { ...filter, range: next } })}
        filter={filter}
        onFilter={(next) => void navigate({ search: { range, ...next }, replace: true })}
        extra={<OutsideModel />}
      />
    );
  },
});

export const monitoringRoutes = [monitoring] as const;
