import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { here } from "@/lib/here";
import { Tabs, tabClass } from "@/ui/tabs";
import { deployment } from "./api";
import { speaks } from "./chat";
import { TAB_NAMES, type Tab, tabsOf } from "./tab-names";

/** The parts of a deployment's page; each has its own address. */
export function DeploymentTabs({ id, current }: { id: string; current: Tab }) {
  const { data } = useSuspenseQuery(deployment(id));
  return (
    <Tabs label="Deployment">
      {tabsOf(data.kind, speaks(data)).map((tab) => (
        <Link
          key={tab}
          className={tabClass}
          to="/w/$ws/deployments/$dep"
          params={{ ...here(), dep: id }}
          search={{ tab }}
          aria-current={tab === current ? "page" : undefined}
        >
          {TAB_NAMES[tab]}
        </Link>
      ))}
    </Tabs>
  );
}
