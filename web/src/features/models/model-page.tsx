import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Model, model, useDeleteModel } from "./api";
import { Description } from "./description";
import type { DeployTarget } from "./models-page";
import { Versions } from "./versions-table";

interface Props {
  id: string;
  onDeploy: (target: DeployTarget) => void;
}

/** One model: what it is for and its versions. */
export function ModelPage({ id, onDeploy }: Props) {
  const { data } = useSuspenseQuery(model(id));
  const mayDeploy = usePermission("deployments.create");
  const mayWrite = usePermission("models.write");
  const latest = data.latest_version;
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={[
          <Link key="all" to="/w/$ws/models" params={here()}>
            Models
          </Link>,
        ]}
        status={
          <span className="row wrap">
            {data.framework && <Tag>{data.framework}</Tag>}
            {data.is_sample && <Tag>Sample</Tag>}
            {data.deployments.map((place) => (
              <Tag key={place}>live in {place}</Tag>
            ))}
          </span>
        }
        meta={
          <>
            {plural(data.version_count, "version")}, registered by {data.created_by_name}{" "}
            <Time at={data.created_at} />
          </>
        }
        actions={
          <>
            {mayDeploy && latest !== null && (
              <Button onClick={() => onDeploy({ modelId: id, version: latest })}>
                Quick deploy
              </Button>
            )}
            {mayWrite && <DeleteModel model={data} />}
          </>
        }
      />
      <div className="stack">
        <Description model={data} mayWrite={mayWrite} />
        <Panel title="Versions" flush>
          <View loading={<TableSkeleton />}>
            <Versions model={data} onDeploy={mayDeploy ? onDeploy : null} />
          </View>
        </Panel>
      </div>
    </>
  );
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
        {plural(Object.keys(model.aliases).length, "alias", "aliases")} disappear. This cannot be
        undone. The runs that made them stay.
      </ConfirmDialog>
    </>
  );
}
