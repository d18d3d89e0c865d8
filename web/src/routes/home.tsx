import { createRoute } from "@tanstack/react-router";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const HomePage = lazyView(() => import("@/features/home/home-page"), "HomePage");

const home = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "home",
  component: function Home() {
    return <HomePage ws={home.useParams().ws} />;
  },
});

export const homeRoutes = [home] as const;
