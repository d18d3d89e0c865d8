import { Button } from "@mantine/core";
import { IconCube } from "@tabler/icons-react";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { CodeBlock } from "@/ui/code-block";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { SearchField } from "@/ui/search-field";
import { TableSkeleton } from "@/ui/skeletons";
import { Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Model, modelList } from "./api";
import { DeployButton } from "./deploy-button";
import { ImportDialog } from "./import-dialog";

export interface DeployTarget {
  modelId: string;
  version: number | null;
}

interface Props {
  q: string;
  onSearch: (q: string) => void;
  onDeploy: (target: DeployTarget) => void;
}

/** Every registered model. */
export function ModelsPage({ q, onSearch, onDeploy }: Props) {
  const mayCreate = usePermission("models.create");
  const [importing, setImporting] = useState(false);
  return (
    <>
      <PageHeader
        title="Models"
        meta="A named series of versions; each version is immutable."
        actions={
          <span className="row wrap">
            <Button
              variant="default"
              renderRoot={(props) => <Link {...props} to="/w/$ws/models/bin" params={here()} />}
            >
              Bin
            </Button>
            {mayCreate && (
              <Button variant="default" onClick={() => setImporting(true)}>
                Import
              </Button>
            )}
          </span>
        }
      />
      <ImportDialog opened={importing} onClose={() => setImporting(false)} />
      <Panel flush>
        <div className="row wrap" style={{ padding: "var(--space-3) var(--space-4)" }}>
          <SearchField label="Search models" value={q} onSearch={onSearch} />
        </div>
        <View loading={<TableSkeleton />}>
          <List q={q} onSearch={onSearch} onDeploy={onDeploy} />
        </View>
      </Panel>
    </>
  );
}

function List({ q, onSearch, onDeploy }: Props) {
  const query = useSuspenseInfiniteQuery(modelList(q));
  const mayDeploy = usePermission("deployments.create");
  const columns = useMemo(() => columnsOf(mayDeploy ? onDeploy : null), [mayDeploy, onDeploy]);
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0 && q) {
    return (
      <EmptyState
        title={`No model matches “${q}”`}
        action={<Button onClick={() => onSearch("")}>Clear search</Button>}
      />
    );
  }
  if (rows.length === 0) return <NoModels />;
  return (
    <DataTable
      label="Models"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      total={query.data.pages[0]?.total}
      onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
      loadingMore={query.isFetchingNextPage}
    />
  );
}

function NoModels() {
  return (
    <EmptyState
      icon={<IconCube size={22} />}
      title="No models are registered yet"
      extra={
        <CodeBlock
          title="Register one with the MLflow client"
          code={'mlflow.sklearn.log_model(model, name="model", registered_model_name="my-model")'}
        />
      }
    >
      A model appears here when a run registers it.
    </EmptyState>
  );
}

const columnsOf = (onDeploy: ((target: DeployTarget) => void) | null): Column<Model>[] => [
  {
    id: "name",
    header: "Name",
    cell: (row) => (
      <span className="row">
        <Link to="/w/$ws/models/$model" params={{ ...here(), model: row.id }}>
          {row.name}
        </Link>
        {row.is_sample && <Tag>Sample</Tag>}
      </span>
    ),
  },
  {
    id: "version",
    header: "Latest version",
    cell: (row) =>
      row.latest_version === null ? (
        <span className="dim">None</span>
      ) : (
        <Link
          to="/w/$ws/models/$model/v/$version"
          params={{ ...here(), model: row.id, version: String(row.latest_version) }}
        >
          v{row.latest_version}
        </Link>
      ),
  },
  {
    id: "framework",
    header: "Framework",
    cell: (row) => row.framework ?? <span className="dim">–</span>,
  },
  {
    id: "aliases",
    header: "Aliases",
    cell: (row) => (
      <Tags of={Object.entries(row.aliases).map(([alias, version]) => `${alias} → v${version}`)} />
    ),
  },
  {
    id: "live",
    header: "Live in",
    cell: (row) =>
      row.deployments.length > 0 ? (
        <Tags of={row.deployments} />
      ) : (
        <span className="dim">Not deployed</span>
      ),
  },
  { id: "updated", header: "Updated", cell: (row) => <Time at={row.updated_at} /> },
  {
    id: "deploy",
    header: "",
    align: "end",
    cell: (row) =>
      onDeploy &&
      row.latest_version !== null && (
        <DeployButton
          size="xs"
          of={row.name}
          onClick={() => onDeploy({ modelId: row.id, version: row.latest_version })}
        />
      ),
  },
];

function Tags({ of }: { of: string[] }) {
  if (of.length === 0) return <span className="dim">–</span>;
  return (
    <span className="row wrap" style={{ gap: 4 }}>
      {of.map((one) => (
        <Tag key={one}>{one}</Tag>
      ))}
    </span>
  );
}
