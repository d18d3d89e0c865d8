import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { Tag } from "@/ui/status-badge";
import { Tabs, tabClass } from "@/ui/tabs";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Model, model, useDeleteModel } from "./api";
import { CardTab } from "./card-tab";
import { DeployButton } from "./deploy-button";
import { DiffPicker } from "./diff-picker";
import { LineageTab } from "./lineage-tab";
import { ModelAliases } from "./model-aliases";
import type { DeployTarget } from "./models-page";
import { ProtectedAliases } from "./protected-aliases";
import { ServingTab } from "./serving-tab";
import { MODEL_TABS, type ModelTab, TAB_NAMES } from "./tabs";
import { Versions } from "./versions-table";

interface Props {
  id: string;
  tab: ModelTab;
  onDeploy: (target: DeployTarget) => void;
  /** What people say, and what happened: from other features. */
  discussion: ReactNode;
  activity: ReactNode;
}

/** One model: what it is for, its versions, where it comes from and who uses it. */
export function ModelPage({ id, tab, onDeploy, discussion, activity }: Props) {
  const { data } = useSuspenseQuery(model(id));
  const mayDeploy = usePermission("deployments.create");
  const mayWrite = usePermission("models.write");
  const latest = data.latest_version;
  return (
    <>
      <PageHeader
        title={data.name}
        part={TAB_NAMES[tab]}
        crumbs={[
          <Link key="all" to="/w/$ws/models" params={here()}>
            Models
          </Link>,
        ]}
        status={
          <span className="row wrap">
            {data.framework && <Tag>{data.framework}</Tag>}
            {data.is_sample && <Tag>Sample</Tag>}
            {Object.entries(data.aliases).map(([alias, number]) => (
              <Tag key={alias}>
                {alias} → v{number}
              </Tag>
            ))}
            {data.deployments.map((place) => (
              <Tag key={place}>live in {place}</Tag>
            ))}
          </span>
        }
        meta={
          <>
            {plural(data.version_count, "version")}, owned by {data.owner_name}, registered{" "}
            <Time at={data.created_at} />
          </>
        }
        actions={
          <>
            {mayDeploy && latest !== null && (
              <DeployButton onClick={() => onDeploy({ modelId: id, version: latest })} />
            )}
            {mayWrite && <DeleteModel model={data} />}
          </>
        }
      />
      <Tabs label="Model">
        {MODEL_TABS.map((one) => (
          <Link
            key={one}
            className={tabClass}
            to="/w/$ws/models/$model"
            params={{ ...here(), model: id }}
            search={{ tab: one }}
            aria-current={one === tab ? "page" : undefined}
          >
            {TAB_NAMES[one]}
          </Link>
        ))}
      </Tabs>
      <View key={tab} loading={<TableSkeleton />}>
        <TabBody
          model={data}
          tab={tab}
          onDeploy={mayDeploy ? onDeploy : null}
          discussion={discussion}
          activity={activity}
        />
      </View>
    </>
  );
}

interface BodyProps {
  model: Model;
  tab: ModelTab;
  onDeploy: ((target: DeployTarget) => void) | null;
  discussion: ReactNode;
  activity: ReactNode;
}

function TabBody({ model, tab, onDeploy, discussion, activity }: BodyProps) {
  switch (tab) {
    case "versions":
      return (
        <div className="stack">
          <DiffPicker model={model} />
          <Panel title="Versions" flush>
            <Versions model={model} onDeploy={onDeploy} />
          </Panel>
          <div className="grid-2 top">
            <ModelAliases model={model} />
            <ProtectedAliases model={model} />
          </div>
        </div>
      );
    case "lineage":
      return <LineageTab id={model.id} version={model.latest_version} />;
    case "deployments":
      return <ServingTab id={model.id} />;
    case "discussion":
      return discussion;
    case "activity":
      return activity;
    default:
      return <CardTab model={model} />;
  }
}

function DeleteModel({ model }: { model: Model }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteModel(model.id);
  const navigate = useNavigate();
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        Delete
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Delete ${model.name}?`}
        confirmLabel="Delete model"
        destructive
        typeToConfirm={model.name}
        onConfirm={() =>
          remove.mutate(undefined, {
            onSuccess: () => navigate({ to: "/w/$ws/models", params: here() }),
          })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        {plural(model.version_count, "version")} and{" "}
        {plural(Object.keys(model.aliases).length, "alias", "aliases")} go into the bin for thirty
        days. The runs that made them stay.
      </ConfirmDialog>
    </>
  );
}
