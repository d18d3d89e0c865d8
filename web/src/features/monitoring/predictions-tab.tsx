import { Button, UnstyledButton } from "@mantine/core";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { latency, number } from "@/lib/format";
import { Choice } from "@/ui/choice";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Prediction, predictionList } from "./api";
import { CapturePanel } from "./capture-panel";
import { PredictionDrawer } from "./prediction-drawer";
import { OUTCOMES, type Outcome } from "./ranges";

interface Props {
  id: string;
  outcome: Outcome;
  onOutcome: (outcome: Outcome) => void;
}

/** The recorded calls, newest first. */
export function PredictionsTab({ id, outcome, onOutcome }: Props) {
  return (
    <div className="stack">
      <PredictionLog id={id} outcome={outcome} onOutcome={onOutcome} />
      <CapturePanel id={id} />
    </div>
  );
}

function PredictionLog({ id, outcome, onOutcome }: Props) {
  return (
    <Panel
      title="Prediction log"
      note="Updates by itself"
      flush
      action={
        <Choice
          label="Outcome"
          value={outcome}
          options={OUTCOMES}
          names={{ all: "All", ok: "Answered", error: "Errors" }}
          onChange={onOutcome}
        />
      }
    >
      <View loading={<TableSkeleton />}>
        <Log id={id} outcome={outcome} onOutcome={onOutcome} />
      </View>
    </Panel>
  );
}

function Log({ id, outcome, onOutcome }: Props) {
  const query = useSuspenseInfiniteQuery(predictionList(id, outcome));
  const [opened, setOpened] = useState<Prediction | null>(null);
  const columns = useMemo(() => columnsOf(setOpened), []);
  const rows = query.data.pages.flatMap((page) => page.items);
  if (rows.length === 0 && outcome !== "all") {
    return (
      <EmptyState
        title={outcome === "error" ? "No errors recorded" : "No answered calls recorded"}
        action={<Button onClick={() => onOutcome("all")}>Show all calls</Button>}
      />
    );
  }
  if (rows.length === 0) {
    return (
      <EmptyState title="No calls recorded yet">
        Send one from the API tab or with an endpoint key; it appears here within seconds.
      </EmptyState>
    );
  }
  return (
    <>
      <DataTable
        label="Predictions"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        onRowClick={setOpened}
        total={query.data.pages[0]?.total}
        phone="scroll"
        onMore={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
        loadingMore={query.isFetchingNextPage}
      />
      <PredictionDrawer prediction={opened} onClose={() => setOpened(null)} />
    </>
  );
}

const columnsOf = (onOpen: (prediction: Prediction) => void): Column<Prediction>[] => [
  {
    id: "at",
    header: "When",
    cell: (row) => (
      <UnstyledButton
        c="accent"
        fz="inherit"
        onClick={() => onOpen(row)}
        title={`Open call ${row.id}`}
      >
        <Time at={row.at} absolute />
      </UnstyledButton>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (row) => <StatusBadge tone={row.status < 400 ? "ok" : "bad"}>{row.status}</StatusBadge>,
  },
  { id: "version", header: "Version", cell: (row) => `v${row.version}` },
  { id: "output", header: "Output", cell: (row) => <code>{brief(row.outputs ?? row.error)}</code> },
  { id: "rows", header: "Rows", align: "end", cell: (row) => number(row.rows) },
  { id: "latency", header: "Latency", align: "end", cell: (row) => latency(row.total_ms) },
  { id: "caller", header: "Caller", cell: (row) => row.key_name ?? row.source },
];

const BRIEF = 48;

function brief(value: unknown): string {
  if (value === null) return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > BRIEF ? `${text.slice(0, BRIEF)}…` : text;
}
