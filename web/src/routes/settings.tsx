import { createRoute } from "@tanstack/react-router";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const SecurityPage = lazyView(() => import("@/features/me/security-page"), "SecurityPage");
const GeneralPage = lazyView(() => import("@/features/settings/general-page"), "GeneralPage");

const settings = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "settings",
  component: function Settings() {
    return <GeneralPage ws={settings.useParams().ws} />;
  },
});

const me = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "me",
  component: () => <SecurityPage />,
});

export const settingsRoutes = [settings, me] as const;
