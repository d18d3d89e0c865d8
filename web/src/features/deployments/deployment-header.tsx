import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { CopyField } from "@/ui/copy-field";
import { PageHeader } from "@/ui/page-header";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { deployment, isMoving, revisionList, servedModel } from "./api";
import { DeployVersion } from "./deploy-version";
import { LifecycleMenu } from "./lifecycle-menu";
import { RollBack } from "./roll-back";

/** Name, status with its cause, address, and the few things one does to a deployment. */
export function DeploymentHeader({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const newest = useQuery(servedModel(data.model_id)).data?.latest_version ?? null;
  const revisions = useQuery(revisionList(id)).data ?? [];
  const mayChange = usePermission("deployments.create");
  const live = data.live_revision;
  const previous = revisions.find((one) => one.number === data.previous_good_revision);
  const moving = isMoving(data.status) || isMoving(data.latest_revision.status);
  const behind = newest !== null && live !== null && newest > live.version;
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/deployments" params={here()}>
            Deployments
          </Link>,
        ]}
        status={
          <span className="row wrap">
            <StatusBadge status={data.status} />
            <Tag>{data.environment}</Tag>
            {live && <Tag>v{live.version}</Tag>}
            {data.is_sample && <Tag>Sample</Tag>}
          </span>
        }
        meta={<CopyField value={data.url} label="address" />}
        actions={
          mayChange && (
            <>
              {previous && !moving && <RollBack deployment={data} to={previous} />}
              {behind && !moving && <DeployVersion deployment={data} version={newest} />}
              <LifecycleMenu deployment={data} />
            </>
          )
        }
      />
      <Cause of={data} />
    </>
  );
}

function Cause({ of }: { of: { status: string; status_reason: string | null } }) {
  if (of.status === "ready" || !of.status_reason) return null;
  const tone = of.status === "failed" ? "bad" : of.status === "degraded" ? "warn" : "info";
  return (
    <div style={{ marginBottom: "var(--space-4)" }}>
      <Callout tone={tone}>{of.status_reason}</Callout>
    </div>
  );
}
