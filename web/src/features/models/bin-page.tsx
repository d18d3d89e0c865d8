import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { bytes, plural } from "@/lib/format";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type BinItem, bin, usePurge, useRestore } from "./page-api";

/** Deleted models and versions, until thirty days are over. */
export function BinPage() {
  return (
    <>
      <PageHeader
        title="Bin"
        crumbs={[
          <Link key="all" to="/w/$ws/models" params={here()}>
            Models
          </Link>,
        ]}
        meta="Deleted models and versions can be brought back for thirty days; then they and their files are removed."
      />
      <Panel flush>
        <View loading={<TableSkeleton />}>
          <Items />
        </View>
      </Panel>
    </>
  );
}

const nameOf = (item: BinItem): string =>
  item.kind === "model" ? item.name : `${item.name} version ${item.version}`;

function Items() {
  const { data } = useSuspenseQuery(bin());
  const mayRestore = usePermission("models.write");
  const mayPurge = usePermission("models.purge");
  const [purging, setPurging] = useState<BinItem | null>(null);
  const navigate = useNavigate();
  const restore = useRestore();
  const purge = usePurge();
  if (data.items.length === 0)
    return <EmptyState title="The bin is empty">What is deleted lies here first.</EmptyState>;
  const columns: Column<BinItem>[] = [
    { id: "name", header: "Deleted", cell: (item) => <strong>{nameOf(item)}</strong> },
    { id: "what", header: "Holds", cell: (item) => plural(item.versions, "version") },
    { id: "size", header: "Size", align: "end", cell: (item) => bytes(item.size_bytes) },
    {
      id: "when",
      header: "When",
      cell: (item) => (
        <>
          <Time at={item.deleted_at} /> by {item.deleted_by_name}
        </>
      ),
    },
    { id: "until", header: "Kept until", cell: (item) => <Time at={item.purge_after} absolute /> },
    {
      id: "actions",
      header: "",
      align: "end",
      cell: (item) => (
        <span className="row">
          {mayRestore && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Restore ${nameOf(item)}`}
              loading={restore.isPending && restore.variables === item.id}
              onClick={() =>
                restore.mutate(item.id, {
                  onSuccess: (model) =>
                    void navigate({
                      to: "/w/$ws/models/$model",
                      params: { ...here(), model: model.id },
                      search: { tab: "versions" },
                    }),
                })
              }
            >
              Restore
            </Button>
          )}
          {mayPurge && (
            <Button
              size="xs"
              variant="subtle"
              color="red"
              aria-label={`Remove ${nameOf(item)} for ever`}
              onClick={() => setPurging(item)}
            >
              Remove
            </Button>
          )}
        </span>
      ),
    },
  ];
  return (
    <>
      {restore.error && (
        <div style={{ padding: "var(--space-3) var(--space-4)" }}>
          <Refused error={restore.error} />
        </div>
      )}
      <DataTable label="Bin" columns={columns} rows={data.items} rowKey={(item) => item.id} />
      <ConfirmDialog
        opened={purging !== null}
        onClose={() => setPurging(null)}
        title={`Remove ${purging ? nameOf(purging) : ""} for ever?`}
        confirmLabel="Remove for ever"
        destructive
        onConfirm={() => purging && purge.mutate(purging.id, { onSuccess: () => setPurging(null) })}
        busy={purge.isPending}
        error={purge.error}
      >
        Its files are removed unless something else holds the same content. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}
