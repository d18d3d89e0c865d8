import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePermission } from "@/api/session";
import { count, duration, percent } from "@/lib/format";
import { here } from "@/lib/here";
import { deploymentPlace } from "@/lib/places";
import { Callout } from "@/ui/callout";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { Stat } from "@/ui/stat";
import { StatusBadge, statusWord, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { AlertChanges } from "./alert-changes";
import { AlertDo } from "./alert-do";
import { AlertExamples } from "./alert-examples";
import { AlertFeatures } from "./alert-features";
import { AlertSignal } from "./alert-signal";
import { AlertSlices } from "./alert-slices";
import { AlertStory } from "./alert-story";
import classes from "./alerts.module.css";
import { type Alert, alert } from "./api";
import { ended, SEVERITY_TONES } from "./words";

/** One alert: what happened, why, and what to do about it, on one page. */
export function AlertPage({ id }: { id: string }) {
  const { data } = useSuspenseQuery(alert(id));
  const mayReadRows = usePermission("predictions.read");
  return (
    <>
      <Header of={data} />
      <div className={classes.columns}>
        <Statement of={data} />
        <div className={classes.side}>
          {data.resolved_at === null && <AlertDo of={data} />}
          {data.summary && (
            <Panel title="Summary">
              <p className={classes.summary}>{data.summary.replaceAll("**", "")}</p>
            </Panel>
          )}
          <AlertStory of={data} />
        </div>
        <div className={classes.column}>
          <View loading={<LinesSkeleton lines={4} />}>
            <AlertChanges id={id} />
          </View>
          <View loading={<LinesSkeleton lines={8} />}>
            <AlertSignal id={id} />
          </View>
          <View loading={<LinesSkeleton lines={6} />}>
            <AlertFeatures of={data} />
          </View>
          {mayReadRows && (
            <>
              <View loading={<LinesSkeleton lines={4} />}>
                <AlertSlices of={data} />
              </View>
              <View loading={<LinesSkeleton lines={4} />}>
                <AlertExamples id={id} />
              </View>
            </>
          )}
        </div>
      </div>
    </>
  );
}

function Header({ of }: { of: Alert }) {
  return (
    <PageHeader
      title={of.title}
      part={`#${of.number}`}
      crumbs={[
        <Link key="alerts" to="/w/$ws/alerts" params={here()}>
          Alerts
        </Link>,
      ]}
      status={
        of.resolved_at ? (
          <StatusBadge tone="ok">Resolved</StatusBadge>
        ) : (
          <StatusBadge tone={SEVERITY_TONES[of.severity]}>{statusWord(of.severity)}</StatusBadge>
        )
      }
      meta={
        <span className="row wrap">
          <Link to={deploymentPlace(here().ws, of.deployment_id)}>{of.deployment_name}</Link>
          <Tag>{of.environment}</Tag>
          <span>
            {of.model_name}
            {of.version !== null && ` v${of.version}`} · #{of.number} · since{" "}
            <Time at={of.opened_at} />
          </span>
        </span>
      }
    />
  );
}

function Statement({ of }: { of: Alert }) {
  const { impact } = of;
  const wrong = impact.failed + impact.refused;
  return (
    <Panel title="What happens">
      <div className="stack">
        {of.signals.map((signal) => (
          <Callout
            key={signal.rule_id}
            tone={signal.ended_at ? "ok" : SEVERITY_TONES[signal.severity]}
            title={signal.ended_at ? `${signal.rule_name}: over` : signal.rule_name}
          >
            {signal.text}
          </Callout>
        ))}
        {of.muted_by && <Callout title="Nobody is told">{of.muted_by}</Callout>}
        {of.action && of.resolved_at === null && (
          <Callout tone="busy" role="status" title={of.action}>
            Watching whether it recovers.
          </Callout>
        )}
        <div className="grid-3 stats">
          <Stat label="Calls since then" value={count(impact.requests)} />
          <Stat
            label="Failed or refused"
            value={count(wrong)}
            note={impact.requests > 0 ? percent(wrong / impact.requests) : undefined}
          />
          <Stat
            label={of.resolved_at ? "Time to resolve" : "Time to ack"}
            value={duration(of.resolved_at ? of.seconds_to_resolve : of.seconds_to_acknowledge)}
            note={of.resolved_at ? ended(of.resolution) : undefined}
          />
        </div>
      </div>
    </Panel>
  );
}
