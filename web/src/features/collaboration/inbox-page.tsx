import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { Tabs, tabClass } from "@/ui/tabs";
import { View } from "@/ui/view";
import { ActivityFeed } from "./activity-feed";
import { useMarkAll } from "./api";
import { FeedFilters } from "./feed-filters";
import { Inbox } from "./inbox";
import { INBOX_TABS, type InboxView } from "./inbox-view";

interface Props {
  view: InboxView;
  onView: (change: Partial<InboxView>) => void;
}

const TITLES = { inbox: "For you", unread: "Unread", activity: "Everything" };

/** What one should see, and what happened in the workspace. */
export function InboxPage({ view, onView }: Props) {
  const markAll = useMarkAll();
  return (
    <>
      <PageHeader
        title="Inbox"
        part={TITLES[view.tab]}
        meta="Mentions and replies for you, and what changed in this workspace."
        actions={
          view.tab !== "activity" && (
            <Button variant="default" loading={markAll.isPending} onClick={() => markAll.mutate()}>
              Mark all as read
            </Button>
          )
        }
      />
      <Tabs label="Inbox">
        {INBOX_TABS.map((tab) => (
          <Link
            key={tab}
            className={tabClass}
            to="/w/$ws/inbox"
            params={here()}
            search={{ tab }}
            aria-current={tab === view.tab ? "page" : undefined}
          >
            {TITLES[tab]}
          </Link>
        ))}
      </Tabs>
      <Panel flush>
        {view.tab === "activity" && <FeedFilters view={view} onView={onView} />}
        <View key={view.tab} loading={<LinesSkeleton lines={8} />}>
          {view.tab === "activity" ? (
            <ActivityFeed filter={{ area: view.area, actor: view.actor }} />
          ) : (
            <Inbox unreadOnly={view.tab === "unread"} />
          )}
        </View>
      </Panel>
    </>
  );
}
