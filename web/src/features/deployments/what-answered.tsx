import { Button, TextInput } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { here } from "@/lib/here";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import { trafficHistory } from "./api";
import { Approved } from "./approved";

type Period = Shape<"PeriodOut">;

/** Which revision answered with which share, from when to when, and who moved the traffic. */
export function WhatAnswered({ id }: { id: string }) {
  const [at, setAt] = useState("");
  const { data } = useSuspenseQuery(trafficHistory(id, at ? `${at}:00Z` : null));
  return (
    <Panel
      title="What answered when"
      action={
        <Button
          component="a"
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          href={`/api/v1/deployments/${id}/history.csv?workspace=${here().ws}`}
          download
        >
          CSV
        </Button>
      }
      flush
    >
      <div style={{ padding: "var(--space-3) var(--space-4)", maxWidth: 280 }}>
        <TextInput
          type="datetime-local"
          label="At, UTC"
          value={at}
          onChange={(event) => setAt(event.currentTarget.value)}
        />
      </div>
      {data.length === 0 ? (
        <EmptyState title={at ? "Nothing answered at that time" : "Nothing has answered yet"} />
      ) : (
        <DataTable
          label="What answered when"
          columns={columns}
          rows={data}
          rowKey={(row) => `${row.revision} ${row.from_at}`}
        />
      )}
    </Panel>
  );
}

const columns: Column<Period>[] = [
  { id: "revision", header: "Revision", cell: (row) => `Revision ${row.revision}` },
  { id: "version", header: "Model", cell: (row) => `${row.model} v${row.version}` },
  { id: "weight", header: "Traffic", align: "end", cell: (row) => `${row.weight} %` },
  { id: "from", header: "From", cell: (row) => <Time at={row.from_at} absolute /> },
  {
    id: "until",
    header: "Until",
    cell: (row) => (row.until_at ? <Time at={row.until_at} absolute /> : "now"),
  },
  { id: "who", header: "By", cell: (row) => row.actor_name },
  {
    id: "approval",
    header: "Approved by",
    cell: (row) => <Approved approval={row.approval} />,
  },
  { id: "why", header: "Reason", cell: (row) => row.reason ?? <span className="dim">–</span> },
];
