import { IconTable } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { batchColumns } from "./batch-columns";
import { type Batch, batchList, useCancelBatch, useRemoveBatch } from "./batches";
import { ScoreFile } from "./score-file";

/** Files that were scored, or are being: progress, results, refused rows. */
export function BatchTab({ id }: { id: string }) {
  const { data } = useSuspenseQuery(batchList(id));
  const mayRun = usePermission("batches.run");
  const cancel = useCancelBatch(id);
  const remove = useRemoveBatch(id);
  const [leaving, setLeaving] = useState<Batch | null>(null);
  const stop = cancel.mutate;
  const columns = useMemo(
    () => batchColumns(mayRun ? { onCancel: (row) => stop(row.id), onRemove: setLeaving } : null),
    [mayRun, stop],
  );
  return (
    <div className="stack loose">
      {mayRun && <ScoreFile id={id} />}
      {cancel.error && <Refused error={cancel.error} />}
      <Panel
        title="Batches"
        note="Rows go through the endpoint like live calls, and count in drift."
        flush
      >
        {data.length === 0 ? (
          <EmptyState icon={<IconTable size={22} />} title="No file has been scored yet">
            Choose a CSV, JSON lines or Parquet file with one row per prediction.
          </EmptyState>
        ) : (
          <DataTable label="Batches" columns={columns} rows={data} rowKey={(row) => row.id} />
        )}
      </Panel>
      <ConfirmDialog
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Remove ${leaving?.file_name}?`}
        confirmLabel="Remove batch"
        destructive
        onConfirm={() =>
          leaving && remove.mutate(leaving.id, { onSuccess: () => setLeaving(null) })
        }
        busy={remove.isPending}
        error={remove.error}
      >
        The file, its results and its refused rows are removed. This cannot be undone.
      </ConfirmDialog>
    </div>
  );
}
