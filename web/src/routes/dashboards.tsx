import { createRoute } from "@tanstack/react-router";
import { WINDOWS } from "@/features/dashboards/words";
import { oneOf, type Search } from "@/lib/search";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const DashboardsPage = lazyView(
  () => import("@/features/dashboards/dashboards-page"),
  "DashboardsPage",
);
const DashboardPage = lazyView(
  () => import("@/features/dashboards/dashboard-page"),
  "DashboardPage",
);

const all = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "dashboards",
  component: () => <DashboardsPage />,
});

const one = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "dashboards/$dashboard",
  validateSearch: (search: Search): { window?: (typeof WINDOWS)[number] } =>
    search.window === undefined ? {} : { window: oneOf(search.window, WINDOWS, "24h") },
  component: function OneDashboard() {
    const { dashboard } = one.useParams();
    const { window = null } = one.useSearch();
    const navigate = one.useNavigate();
    return (
      <DashboardPage
        key={dashboard}
        id={dashboard}
        window={window}
        onWindow={(next) => void navigate({ search: { window: next } })}
      />
    );
  },
});

export const dashboardRoutes = [all, one] as const;
