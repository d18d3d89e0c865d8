import { Button } from "@mantine/core";
import { IconBellCheck } from "@tabler/icons-react";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { StatusBadge, statusWord, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { AlertMenu } from "./alert-menu";
import classes from "./alerts.module.css";
import { type AlertRow, inbox, type Tab, useAcknowledge } from "./api";
import { ResolveDialog } from "./resolve-dialog";
import { ended, SEVERITY_TONES, standing } from "./words";

const EMPTY: Record<Tab, [string, string]> = {
  open: ["Nothing is wrong", "Every deployment is watched by its default rules already."],
  snoozed: ["Nothing is snoozed", "Alerts that are put off for a while wait here."],
  resolved: ["Nothing was resolved yet", "Alerts that ended stay here with their summary."],
};

/** The alerts of one tab; acknowledge, assign, snooze and resolve in place. */
export function AlertList({ tab }: { tab: Tab }) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useSuspenseInfiniteQuery(
    inbox(tab),
  );
  const [ending, setEnding] = useState<AlertRow | null>(null);
  const rows = data.pages.flatMap((page) => page.items);
  const [title, text] = EMPTY[tab];
  if (rows.length === 0) {
    return (
      <Panel>
        <EmptyState icon={<IconBellCheck size={22} />} title={title}>
          {text}
        </EmptyState>
      </Panel>
    );
  }
  return (
    <Panel flush>
      <ul aria-label={`${statusWord(tab)} alerts`}>
        {rows.map((row) => (
          <Row key={row.id} row={row} onResolve={() => setEnding(row)} />
        ))}
      </ul>
      {hasNextPage && (
        <div className={classes.more}>
          <Button
            variant="default"
            size="xs"
            loading={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            Load more
          </Button>
        </div>
      )}
      <ResolveDialog of={ending} onClose={() => setEnding(null)} />
    </Panel>
  );
}

function Row({ row, onResolve }: { row: AlertRow; onResolve: () => void }) {
  const mayHandle = usePermission("alerts.handle");
  const acknowledge = useAcknowledge();
  const signals = standing(row);
  return (
    <li className={classes.item}>
      <StatusBadge tone={SEVERITY_TONES[row.severity]}>{statusWord(row.severity)}</StatusBadge>
      <div className={classes.what}>
        <Link to="/w/$ws/alerts/$alert" params={{ ...here(), alert: row.id }}>
          <strong>{row.title}</strong>
        </Link>
        <span className="row wrap small">
          <span>{row.deployment_name}</span>
          <Tag>{row.environment}</Tag>
          <span className="dim">
            #{row.number}, since <Time at={row.opened_at} />
          </span>
        </span>
        <span className="small dim clamp">{signals[0]?.text}</span>
        {signals.length > 1 && (
          <span className="caption dim">and {signals.length - 1} more signals</span>
        )}
        <State row={row} />
      </div>
      {mayHandle && row.resolved_at === null && (
        <div className={classes.acts}>
          {row.acknowledged_at === null && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Ack ${row.title} of ${row.deployment_name}`}
              loading={acknowledge.isPending}
              onClick={() => acknowledge.mutate(row.id)}
            >
              Ack
            </Button>
          )}
          <AlertMenu row={row} onResolve={onResolve} />
        </div>
      )}
    </li>
  );
}

function State({ row }: { row: AlertRow }) {
  const words = [
    row.acknowledged_by_name && `Acknowledged by ${row.acknowledged_by_name}`,
    row.assignee_name && `Assigned to ${row.assignee_name}`,
    row.resolved_at === null && row.action && `${row.action}, watching its recovery`,
    row.muted_by,
    row.resolved_at !== null && `${ended(row.resolution)}, by ${row.resolved_by_name}`,
  ].filter(Boolean);
  return words.length > 0 ? <span className="caption dim">{words.join(" · ")}</span> : null;
}
