import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { duration } from "@/lib/format";
import { here } from "@/lib/here";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { TableSkeleton } from "@/ui/skeletons";
import { Tabs, tabClass } from "@/ui/tabs";
import { View } from "@/ui/view";
import { AlertList } from "./alert-list";
import { alertCounts, TABS, type Tab } from "./api";

const NAMES: Record<Tab, string> = { open: "Open", snoozed: "Snoozed", resolved: "Resolved" };

/** What is wrong now, grouped by deployment and cause; handled without leaving the list. */
export function InboxPage({ tab }: { tab: Tab }) {
  return (
    <>
      <PageHeader
        title="Alerts"
        part={NAMES[tab]}
        meta={
          <View loading={<span>Grouped by deployment and cause.</span>}>
            <Handling />
          </View>
        }
        actions={
          <LinkButton variant="default" to="/w/$ws/alert-rules" params={here()}>
            Rules and quiet times
          </LinkButton>
        }
      />
      <Tabs label="Alerts">
        {TABS.map((one) => (
          <Link
            key={one}
            className={tabClass}
            to="/w/$ws/alerts"
            params={here()}
            search={{ tab: one }}
            aria-current={one === tab ? "page" : undefined}
          >
            {NAMES[one]}
          </Link>
        ))}
      </Tabs>
      <View key={tab} loading={<TableSkeleton rows={4} />}>
        <AlertList tab={tab} />
      </View>
    </>
  );
}

function Handling() {
  const { data } = useSuspenseQuery(alertCounts());
  const acknowledged = data.median_seconds_to_acknowledge;
  const resolved = data.median_seconds_to_resolve;
  return (
    <span>
      Grouped by deployment and cause.
      {acknowledged !== null && ` Acknowledged after ${duration(acknowledged)}`}
      {resolved !== null &&
        `${acknowledged === null ? " Resolved" : ", resolved"} after ${duration(resolved)}`}
      {(acknowledged !== null || resolved !== null) && " (median of 30 days)."}
    </span>
  );
}
