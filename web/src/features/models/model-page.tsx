import { Button } from "@mantine/core";
import { useSuspenseInfiniteQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Model, model, useDeleteModel, type Version, versionList } from "./api";
import { CheckBadges } from "./checks";
import { Description } from "./description";
import type { DeployTarget } from "./models-page";

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

function Versions({
  model,
  onDeploy,
}: {
  model: Model;
  onDeploy: ((target: DeployTarget) => void) | null;
}) {
  const query = useSuspenseInfiniteQuery(versionList(model.id));
  const columns = useMemo(() => columnsOf(onDeploy), [onDeploy]);
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <EmptyState title="This model has no versions yet">
        Log a model with this registered name to add one.
      </EmptyState>
    );
  }
  return (
    <DataTable
      label="Versions"
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.version)}
      total={query.data.pages[0]?.total}
      onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
    />
  );
}

const columnsOf = (onDeploy: ((target: DeployTarget) => void) | null): Column<Version>[] => [
  {
    id: "version",
    header: "Version",
    cell: (row) => (
      <Link
        to="/w/$ws/models/$model/v/$version"
        params={{ ...here(), model: row.model_id, version: String(row.version) }}
      >
        Version {row.version}
      </Link>
    ),
  },
  { id: "checks", header: "Checks", cell: (row) => <CheckBadges checks={row.checks} /> },
  {
    id: "aliases",
    header: "Aliases",
    cell: (row) => (
      <span className="row wrap" style={{ gap: 4 }}>
        {row.aliases.map((alias) => (
          <Tag key={alias}>{alias}</Tag>
        ))}
      </span>
    ),
  },
  {
    id: "framework",
    header: "Framework",
    cell: (row) => row.framework ?? <span className="dim">–</span>,
  },
  { id: "by", header: "By", cell: (row) => row.created_by_name },
  { id: "created", header: "Created", cell: (row) => <Time at={row.created_at} /> },
  {
    id: "deploy",
    header: "",
    align: "end",
    cell: (row) =>
      onDeploy && (
        <Button
          size="xs"
          variant="default"
          aria-label={`Quick deploy version ${row.version}`}
          onClick={() => onDeploy({ modelId: row.model_id, version: row.version })}
        >
          Quick deploy
        </Button>
      ),
  },
];

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
