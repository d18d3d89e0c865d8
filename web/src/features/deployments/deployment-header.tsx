import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { CopyField } from "@/ui/copy-field";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { StatusBadge, Tag } from "@/ui/status-badge";
import { deployment, isMoving, revisionList, servedModel } from "./api";
import { DeployVersion } from "./deploy-version";
import { useKeepTogether } from "./keep-together";
import { LifecycleMenu } from "./lifecycle-menu";
import { Notices } from "./notices";
import { usePlaceName } from "./place-name";
import { RollBack } from "./roll-back";
import { TAB_NAMES, type Tab } from "./tab-names";

/** Name, status with its cause, address, and the few things one does to a deployment. */
export function DeploymentHeader({ id, tab }: { id: string; tab: Tab }) {
  const { data } = useSuspenseQuery(deployment(id));
  useKeepTogether(data);
  const place = usePlaceName(data.environment);
  const isReported = data.kind === "reported";
  const newest =
    useQuery({ ...servedModel(data.model_id), enabled: !isReported }).data?.latest_version ?? null;
  const revisions = useQuery(revisionList(id)).data ?? [];
  const mayChange = usePermission("deployments.create");
  const mayTry = usePermission("deployments.try");
  const live = data.live_revision;
  const previous = revisions.find((one) => one.number === data.previous_good_revision);
  const good = revisions.filter((one) => data.good_revisions.includes(one.number));
  const isShared = data.weights.length > 1;
  const moving = isMoving(data.status) || isMoving(data.latest_revision.status);
  const behind = newest !== null && live !== null && newest > live.version;
  return (
    <>
      <PageHeader
        title={data.name}
        part={TAB_NAMES[tab]}
        crumbs={[
          <Link key="all" to="/w/$ws/deployments" params={here()}>
            Deployments
          </Link>,
        ]}
        status={
          <span className="row wrap">
            <StatusBadge status={data.status} />
            <Tag>{place}</Tag>
            {live && <Tag>v{live.version}</Tag>}
            {data.is_sample && <Tag>Sample</Tag>}
            {isReported && <Tag>Served elsewhere</Tag>}
          </span>
        }
        meta={isReported ? data.status_reason : <CopyField value={data.url} label="address" />}
        actions={
          <>
            {mayTry && live && !isReported && tab !== "api" && (
              <LinkButton
                variant="default"
                to="/w/$ws/deployments/$dep"
                params={{ ...here(), dep: id }}
                search={{ tab: "api" }}
              >
                Try it
              </LinkButton>
            )}
            {mayChange && (
              <>
                {previous && !moving && !isShared && (
                  <RollBack deployment={data} to={previous} good={good} />
                )}
                {behind && !moving && !isShared && (
                  <DeployVersion deployment={data} version={newest} />
                )}
                <LifecycleMenu deployment={data} />
              </>
            )}
          </>
        }
      />
      <Notices deployment={data} tab={tab} />
    </>
  );
}
