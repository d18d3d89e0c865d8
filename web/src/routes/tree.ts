import { accessRoutes } from "./access";
import { homeRoutes } from "./home";
import { rootRoute } from "./root";
import { settingsRoutes } from "./settings";
import { workspaceRoute } from "./workspace";

/** Every page. A feature adds its routes file here and its entry in shell/navigation. */
export const routeTree = rootRoute.addChildren([
  ...accessRoutes,
  workspaceRoute.addChildren([...homeRoutes, ...settingsRoutes]),
]);
