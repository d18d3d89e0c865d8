import { Button, Progress } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { bytes, count, percent } from "@/lib/format";
import { here } from "@/lib/here";
import type { Column } from "@/ui/data-table";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Batch, isOpen } from "./batches";

interface Actions {
  onCancel: (batch: Batch) => void;
  onRemove: (batch: Batch) => void;
}

export function batchColumns(actions: Actions | null): Column<Batch>[] {
  return [
    {
      id: "file",
      header: "File",
      cell: (row) => (
        <div>
          <div>{row.file_name}</div>
          <div className="small dim">
            {bytes(row.size_bytes)}, {row.version ? `v${row.version}` : "by traffic"}
          </div>
        </div>
      ),
    },
    { id: "status", header: "Status", cell: (row) => <Standing batch={row} /> },
    { id: "done", header: "Scored", align: "end", cell: (row) => count(row.rows_done) },
    { id: "failed", header: "Refused", align: "end", cell: (row) => count(row.rows_failed) },
    { id: "who", header: "By", cell: (row) => row.created_by_name },
    { id: "when", header: "Started", cell: (row) => <Time at={row.created_at} /> },
    { id: "get", header: "Download", cell: (row) => <Downloads batch={row} /> },
    {
      id: "do",
      header: "",
      cell: (row) =>
        actions && (
          <Button
            size="xs"
            variant="subtle"
            aria-label={`${isOpen(row) ? "Cancel" : "Remove"} ${row.file_name}`}
            onClick={() => (isOpen(row) ? actions.onCancel(row) : actions.onRemove(row))}
          >
            {isOpen(row) ? "Cancel" : "Remove"}
          </Button>
        ),
    },
  ];
}

function Standing({ batch }: { batch: Batch }) {
  return (
    <div style={{ minWidth: 120, maxWidth: 320 }}>
      <StatusBadge status={batch.status} />
      {isOpen(batch) && (
        <>
          <Progress
            size="sm"
            mt={6}
            value={batch.progress * 100}
            aria-label={`Read of ${batch.file_name}`}
          />
          <div className="small dim">{percent(batch.progress)} of the file</div>
        </>
      )}
      {batch.error && <div className="small">{batch.error}</div>}
    </div>
  );
}

function Downloads({ batch }: { batch: Batch }) {
  if (batch.rows_done + batch.rows_failed === 0) return <span className="dim">–</span>;
  const address = (what: string, format: string) =>
    `/api/v1/batches/${batch.id}/${what}?format=${format}&workspace=${here().ws}`;
  return (
    <div className="row wrap">
      {batch.rows_done > 0 && (
        <>
          <Get href={address("results", "csv")} label="CSV" of={`Results of ${batch.file_name}`} />
          <Get
            href={address("results", "jsonl")}
            label="JSON lines"
            of={`Results of ${batch.file_name}`}
          />
          <Get
            href={address("results", "parquet")}
            label="Parquet"
            of={`Results of ${batch.file_name}`}
          />
        </>
      )}
      {batch.rows_failed > 0 && (
        <Get
          href={address("errors", "csv")}
          label="Refused rows"
          of={`Reasons for ${batch.file_name}`}
        />
      )}
    </div>
  );
}

function Get({ href, label, of }: { href: string; label: string; of: string }) {
  return (
    <Button
      component="a"
      size="xs"
      variant="default"
      leftSection={<IconDownload size={14} aria-hidden />}
      href={href}
      aria-label={`${of}, ${label}`}
      download
    >
      {label}
    </Button>
  );
}
