import { accessRoutes } from "./access";
import { alertRoutes } from "./alerts";
import { compareRoutes } from "./compare";
import { dashboardRoutes } from "./dashboards";
import { deploymentRoutes } from "./deployments";
import { experimentRoutes } from "./experiments";
import { homeRoutes } from "./home";
import { importRoutes } from "./imports";
import { inboxRoutes } from "./inbox";
import { modelRoutes } from "./models";
import { monitoringRoutes } from "./monitoring";
import { rootRoute } from "./root";
import { settingsRoutes } from "./settings";
import { workspaceRoute } from "./workspace";

/** Every page. A feature adds its routes file here and its entry in shell/navigation. */
export const routeTree = rootRoute.addChildren([
  ...accessRoutes,
  workspaceRoute.addChildren([
    ...homeRoutes,
    ...inboxRoutes,
    ...experimentRoutes,
    ...compareRoutes,
    ...importRoutes,
    ...modelRoutes,
    ...deploymentRoutes,
    ...monitoringRoutes,
    ...dashboardRoutes,
    ...alertRoutes,
    ...settingsRoutes,
  ]),
]);
