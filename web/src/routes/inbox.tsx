import { createRoute } from "@tanstack/react-router";
import { INBOX_TABS, type InboxView } from "@/features/collaboration/inbox-view";
import { oneOf, type Search, text } from "@/lib/search";
import { lazyView } from "./lazy-view";
import { workspaceRoute } from "./workspace";

const InboxPage = lazyView(() => import("@/features/collaboration/inbox-page"), "InboxPage");

interface InboxSearch {
  tab?: InboxView["tab"];
  area?: string;
  actor?: string;
}

const inboxSearch = (search: Search): InboxSearch => {
  const tab = oneOf(search.tab, INBOX_TABS, "inbox");
  return {
    ...(tab !== "inbox" && { tab }),
    ...(text(search.area) && { area: text(search.area) }),
    ...(text(search.actor) && { actor: text(search.actor) }),
  };
};

const inbox = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "inbox",
  validateSearch: inboxSearch,
  component: function Inbox() {
    const { tab = "inbox", area = "", actor = "" } = inbox.useSearch();
    const navigate = inbox.useNavigate();
    const view = { tab, area, actor };
    return (
      <InboxPage
        view={view}
        onView={(change) =>
          void navigate({ search: inboxSearch({ ...view, ...change }), replace: true })
        }
      />
    );
  },
});

export const inboxRoutes = [inbox] as const;
