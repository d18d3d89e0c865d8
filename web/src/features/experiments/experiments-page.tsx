import { Button } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { count, plural } from "@/lib/format";
import { here } from "@/lib/here";
import { CodeBlock } from "@/ui/code-block";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { SearchField } from "@/ui/search-field";
import { TableSkeleton } from "@/ui/skeletons";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Experiment, experimentList, useDeleteExperiment } from "./api";
import { CreateExperiment } from "./create-experiment";

interface Props {
  q: string;
  onSearch: (q: string) => void;
}

/** Every experiment of the workspace. */
export function ExperimentsPage({ q, onSearch }: Props) {
  const mayWrite = usePermission("experiments.write");
  return (
    <>
      <PageHeader
        title="Experiments"
        meta="Groups of training runs."
        actions={
          mayWrite && (
            <>
              <LinkButton to="/w/$ws/imports" params={here()} variant="default">
                Import
              </LinkButton>
              <CreateExperiment />
            </>
          )
        }
      />
      <Panel flush>
        <div className="row wrap" style={{ padding: "var(--space-3) var(--space-4)" }}>
          <SearchField label="Search experiments" value={q} onSearch={onSearch} />
        </div>
        <View loading={<TableSkeleton />}>
          <List q={q} onSearch={onSearch} />
        </View>
      </Panel>
    </>
  );
}

function List({ q, onSearch }: Props) {
  const query = useSuspenseInfiniteQuery(experimentList(q));
  const mayWrite = usePermission("experiments.write");
  const [leaving, setLeaving] = useState<Experiment | null>(null);
  const remove = useDeleteExperiment();
  const columns = useMemo(() => columnsOf(mayWrite ? setLeaving : null), [mayWrite]);
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0 && q) {
    return (
      <EmptyState
        title={`No experiment matches “${q}”`}
        action={<Button onClick={() => onSearch("")}>Clear search</Button>}
      />
    );
  }
  if (rows.length === 0) return <NoExperiments />;
  return (
    <>
      <DataTable
        label="Experiments"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        total={query.data.pages[0]?.total}
        onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
        loadingMore={query.isFetchingNextPage}
      />
      <ConfirmDialog
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Delete ${leaving?.name}?`}
        confirmLabel="Delete experiment"
        destructive
        onConfirm={() =>
          leaving && remove.mutate(leaving.id, { onSuccess: () => setLeaving(null) })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        It leaves the list together with its {plural(leaving?.run_count ?? 0, "run")}. Registered
        versions stay.
      </ConfirmDialog>
    </>
  );
}

function NoExperiments() {
  return (
    <EmptyState
      icon={<IconFlask size={22} />}
      title="No experiments yet"
      extra={
        <CodeBlock
          title="Log the first run"
          code={`export MLFLOW_TRACKING_URI=${window.location.origin} MLFLOW_TRACKING_TOKEN=…\npython examples/quickstart.py`}
        />
      }
    >
      Every run that the MLflow client logs appears here.
    </EmptyState>
  );
}

const columnsOf = (onDelete: ((experiment: Experiment) => void) | null): Column<Experiment>[] => [
  {
    id: "name",
    header: "Name",
    cell: (row) => (
      <Link to="/w/$ws/experiments/$experiment" params={{ ...here(), experiment: row.id }}>
        {row.name}
      </Link>
    ),
  },
  { id: "runs", header: "Runs", align: "end", cell: (row) => count(row.run_count) },
  { id: "activity", header: "Last activity", cell: (row) => <Time at={row.last_activity_at} /> },
  { id: "created", header: "Created", cell: (row) => <Time at={row.created_at} /> },
  {
    id: "delete",
    header: "",
    align: "end",
    cell: (row) =>
      onDelete && (
        <Button
          variant="default"
          size="xs"
          aria-label={`Delete ${row.name}`}
          onClick={() => onDelete(row)}
        >
          Delete
        </Button>
      ),
  },
];
