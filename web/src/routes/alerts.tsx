import { createRoute } from "@tanstack/react-router";
import { TABS, type Tab } from "@/features/alerts/api";
import { oneOf, type Search, text } from "@/lib/search";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const InboxPage = lazyView(() => import("@/features/alerts/inbox-page"), "InboxPage");
const AlertPage = lazyView(() => import("@/features/alerts/alert-page"), "AlertPage");
const RulesPage = lazyView(() => import("@/features/alerts/rules-page"), "RulesPage");
const RulePage = lazyView(() => import("@/features/alerts/rule-page"), "RulePage");
const NewRulePage = lazyView(() => import("@/features/alerts/new-rule-page"), "NewRulePage");

const inbox = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "alerts",
  validateSearch: (search: Search): { tab?: Tab } =>
    search.tab === undefined ? {} : { tab: oneOf(search.tab, TABS, "open") },
  component: function Alerts() {
    return <InboxPage tab={inbox.useSearch().tab ?? "open"} />;
  },
});

const one = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "alerts/$alert",
  component: function OneAlert() {
    const { alert } = one.useParams();
    return <AlertPage key={alert} id={alert} />;
  },
});

const rules = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "alert-rules",
  component: () => <RulesPage />,
});

const newRule = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "alert-rules/new",
  validateSearch: (search: Search): { deployment?: string } => {
    const deployment = text(search.deployment);
    return deployment ? { deployment } : {};
  },
  component: function NewRule() {
    return <NewRulePage deployment={newRule.useSearch().deployment ?? ""} />;
  },
});

const oneRule = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "alert-rules/$rule",
  component: function OneRule() {
    const { rule } = oneRule.useParams();
    return <RulePage key={rule} id={rule} />;
  },
});

export const alertRoutes = [inbox, one, rules, newRule, oneRule] as const;
