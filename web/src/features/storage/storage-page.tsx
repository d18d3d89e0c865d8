import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { bytes, count, percent, plural } from "@/lib/format";
import { here } from "@/lib/here";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Stat } from "@/ui/stat";
import { openOf, type Storage, storage, useCollect } from "./api";
import { Collections } from "./collections";

/** What the workspace keeps, what nothing holds any more, and the collections that remove it. */
export function StoragePage() {
  const { data } = useSuspenseQuery(storage());
  return (
    <div className="stack loose">
      <Panel title="Space" note={quotaNote(data)}>
        <div className="grid-3">
          <Stat label="Used by files" value={bytes(data.used_bytes)} note={share(data)} />
          <Stat
            label="Stored"
            value={bytes(data.stored_bytes)}
            note={`${plural(data.contents, "content")}, each kept once`}
          />
          <Stat
            label="Reclaimable"
            value={bytes(data.garbage_bytes)}
            note={
              data.garbage === 0
                ? "Everything found is held"
                : `${plural(data.garbage, "content")} that nothing holds`
            }
          />
        </div>
      </Panel>
      <Panel title="Used by" flush>
        {data.shares.length === 0 ? (
          <EmptyState title="Nothing is stored yet">
            Files of runs and models appear here once they are logged.
          </EmptyState>
        ) : (
          <DataTable
            label="Used by"
            columns={SHARES}
            rows={data.shares}
            rowKey={(row) => row.kind}
          />
        )}
      </Panel>
      <Tidy data={data} />
    </div>
  );
}

/** Starts collections, and lists those that were. */
function Tidy({ data }: { data: Storage }) {
  const mayCollect = usePermission("storage.collect");
  const [asking, setAsking] = useState(false);
  const collect = useCollect();
  const open = openOf(data);
  return (
    <Panel
      title="Collections"
      note={
        <>
          Once a day, content that nothing holds is noticed; it goes {count(data.grace_hours)} h
          later. Deleted runs, and what lies in the{" "}
          <Link to="/w/$ws/models/bin" params={here()}>
            bin
          </Link>
          , go after 30 days.
        </>
      }
      action={
        mayCollect && (
          <span className="row wrap">
            <Button
              variant="default"
              disabled={open !== undefined}
              loading={collect.isPending && collect.variables}
              onClick={() => collect.mutate(true)}
            >
              Dry run
            </Button>
            <Button disabled={open !== undefined} onClick={() => setAsking(true)}>
              Collect now
            </Button>
          </span>
        )
      }
      flush
    >
      {collect.error && !asking && (
        <div style={{ padding: "var(--space-3) var(--space-4)" }}>
          <Refused error={collect.error} />
        </div>
      )}
      <Collections of={data.collections} />
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Collect garbage now?"
        confirmLabel="Collect now"
        onConfirm={() => collect.mutate(false, { onSuccess: () => setAsking(false) })}
        busy={collect.isPending}
        error={collect.error}
      >
        Content that nothing holds and whose grace is over is removed for ever, and so are runs,
        models and versions that were deleted more than 30 days ago. What a run, a model or an
        upload holds stays.
      </ConfirmDialog>
    </Panel>
  );
}

const KINDS: Record<string, string> = {
  run: "Runs",
  logged_model: "Logged models",
  version: "Model versions",
  upload: "Uploads under way",
  other: "Other, such as captured predictions",
};

type Share = Storage["shares"][number];

const SHARES: Column<Share>[] = [
  { id: "kind", header: "What", cell: (row) => KINDS[row.kind] ?? row.kind },
  { id: "files", header: "Files", align: "end", cell: (row) => count(row.files) },
  { id: "size", header: "Size", align: "end", cell: (row) => bytes(row.size_bytes) },
];

function quotaNote(data: Storage): string {
  return data.quota_bytes === null
    ? "No quota: as much as the store holds."
    : `Quota ${bytes(data.quota_bytes)}.`;
}

function share(data: Storage): string {
  if (data.quota_bytes !== null)
    return `${percent(data.used_bytes / data.quota_bytes)} of the quota`;
  const saved = data.used_bytes - data.stored_bytes;
  return saved > 0 ? `${bytes(saved)} saved by sharing content` : "Each file counted by itself";
}
