import { createRoute } from "@tanstack/react-router";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const ImportsPage = lazyView(() => import("@/features/imports/imports-page"), "ImportsPage");

const imports = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "imports",
  component: ImportsPage,
});

export const importRoutes = [imports] as const;
