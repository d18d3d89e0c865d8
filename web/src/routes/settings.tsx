import { createRoute, Outlet, redirect, useLocation } from "@tanstack/react-router";
import { auditFilters } from "@/features/audit/filters";
import { SettingsPage } from "@/features/settings/settings-page";
import { View } from "@/ui/view";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const GeneralPanel = lazyView(() => import("@/features/settings/general-panel"), "GeneralPanel");
const MembersPage = lazyView(() => import("@/features/members/members-page"), "MembersPage");
const TokensPage = lazyView(() => import("@/features/tokens/tokens-page"), "TokensPage");
const OAuthClientsPanels = lazyView(
  () => import("@/features/oauth-clients/oauth-clients-panels"),
  "OAuthClientsPanels",
);
const EnvironmentsPage = lazyView(
  () => import("@/features/environments/environments-page"),
  "EnvironmentsPage",
);
const ServiceLevelsPage = lazyView(
  () => import("@/features/service-levels/service-levels-page"),
  "ServiceLevelsPage",
);
const StatusPage = lazyView(() => import("@/features/status/status-page"), "StatusPage");
const RateLimitsPage = lazyView(
  () => import("@/features/rate-limits/rate-limits-page"),
  "RateLimitsPage",
);
const StoragePage = lazyView(() => import("@/features/storage/storage-page"), "StoragePage");
const FlagsPage = lazyView(() => import("@/features/flags/flags-page"), "FlagsPage");
const ChannelsPage = lazyView(() => import("@/features/channels/channels-page"), "ChannelsPage");
const WebhooksPage = lazyView(() => import("@/features/webhooks/webhooks-page"), "WebhooksPage");
const AuditPage = lazyView(() => import("@/features/audit/audit-page"), "AuditPage");
const SecurityPage = lazyView(() => import("@/features/me/security-page"), "SecurityPage");

const PARTS: Record<string, string> = {
  general: "General",
  members: "Members",
  tokens: "API tokens",
  environments: "Environments",
  levels: "Service levels",
  status: "Status",
  limits: "Rate limits",
  storage: "Storage",
  features: "Features",
  channels: "Channels",
  webhooks: "Webhooks",
  audit: "Audit log",
};

const settings = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "settings",
  component: function Settings() {
    const last = useLocation({ select: (at) => at.pathname.split("/").at(-1) ?? "" });
    return (
      <SettingsPage ws={settings.useParams().ws} part={PARTS[last]}>
        <View>
          <Outlet />
        </View>
      </SettingsPage>
    );
  },
});

const index = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/w/$ws/settings/general", params });
  },
});

const general = createRoute({
  getParentRoute: () => settings,
  path: "general",
  component: function General() {
    return <GeneralPanel ws={general.useParams().ws} />;
  },
});

const members = createRoute({
  getParentRoute: () => settings,
  path: "members",
  component: () => <MembersPage />,
});

const tokens = createRoute({
  getParentRoute: () => settings,
  path: "tokens",
  component: function Tokens() {
    return (
      <div className="stack">
        <TokensPage ws={tokens.useParams().ws} />
        <OAuthClientsPanels />
      </div>
    );
  },
});

const environments = createRoute({
  getParentRoute: () => settings,
  path: "environments",
  component: () => <EnvironmentsPage />,
});

const levels = createRoute({
  getParentRoute: () => settings,
  path: "levels",
  component: () => <ServiceLevelsPage />,
});

const status = createRoute({
  getParentRoute: () => settings,
  path: "status",
  component: () => <StatusPage />,
});

const limits = createRoute({
  getParentRoute: () => settings,
  path: "limits",
  component: () => <RateLimitsPage />,
});

const storage = createRoute({
  getParentRoute: () => settings,
  path: "storage",
  component: () => <StoragePage />,
});

const features = createRoute({
  getParentRoute: () => settings,
  path: "features",
  component: () => <FlagsPage />,
});

const channels = createRoute({
  getParentRoute: () => settings,
  path: "channels",
  component: () => <ChannelsPage />,
});

const webhooks = createRoute({
  getParentRoute: () => settings,
  path: "webhooks",
  component: () => <WebhooksPage />,
});

const audit = createRoute({
  getParentRoute: () => settings,
  path: "audit",
  validateSearch: auditFilters,
  component: function Audit() {
    const navigate = audit.useNavigate();
    return (
      <AuditPage
        ws={audit.useParams().ws}
        filters={auditFilters(audit.useSearch())}
        onFilter={(search) => void navigate({ search, replace: true })}
      />
    );
  },
});

const me = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "me",
  component: () => <SecurityPage />,
});

export const settingsRoutes = [
  settings.addChildren([
    index,
    general,
    members,
    tokens,
    environments,
    levels,
    status,
    limits,
    storage,
    channels,
    webhooks,
    features,
    audit,
  ]),
  me,
] as const;
