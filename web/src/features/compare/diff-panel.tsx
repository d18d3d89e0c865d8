import { Button, Switch, TextInput } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { plural } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import type { Run } from "./api";
import { asCsv, asLatex, asMarkdown } from "./as-text";
import type { Stroke } from "./colours";
import { changed, type DiffRow } from "./diff";
import { DiffTable } from "./diff-table";
import type { CompareView } from "./view";

export interface DiffProps {
  runs: Run[];
  names: string[];
  strokes: Stroke[];
  rows: DiffRow[];
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** Everything that can be written in a cell; only what differs, until all is asked for. */
export function DiffPanel(props: DiffProps) {
  const { rows, names, view, onView } = props;
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => {
    const words = wanted.trim().toLowerCase();
    return rows.filter(
      (row) => (view.all || changed(row)) && row.key.toLowerCase().includes(words),
    );
  }, [rows, view.all, wanted]);
  const alike = rows.filter((row) => !changed(row)).length;
  return (
    <Panel
      title="Differences"
      note={
        view.all
          ? "All values. Those unlike the baseline's are marked."
          : `${plural(alike, "row")} alike in all runs ${alike === 1 ? "is" : "are"} not shown. Values unlike the baseline's are marked.`
      }
      flush
    >
      <div className="row wrap" style={{ padding: "var(--space-3) var(--space-4)" }}>
        <Switch
          label="Only differences"
          checked={!view.all}
          onChange={(event) => onView({ ...view, all: !event.currentTarget.checked })}
        />
        <TextInput
          aria-label="Find a row"
          placeholder="Find a row"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <Copy label="Copy as Markdown" text={() => asMarkdown(names, found)} />
        <Copy label="Copy as CSV" text={() => asCsv(names, found)} />
        <Copy label="Copy as LaTeX" text={() => asLatex(names, found)} />
      </div>
      {found.length > 0 ? (
        <DiffTable {...props} rows={found} />
      ) : (
        <NoRows view={view} onView={onView} wanted={wanted} onClear={() => setWanted("")} />
      )}
    </Panel>
  );
}

function Copy({ label, text }: { label: string; text: () => string }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  return (
    <Button
      variant="default"
      leftSection={
        clipboard.copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />
      }
      onClick={() => clipboard.copy(text())}
    >
      {clipboard.copied ? "Copied" : label}
    </Button>
  );
}

interface NoRowsProps extends Pick<DiffProps, "view" | "onView"> {
  wanted: string;
  onClear: () => void;
}

function NoRows({ view, onView, wanted, onClear }: NoRowsProps) {
  if (wanted) {
    return (
      <EmptyState
        title={`No row matches “${wanted}”`}
        action={<Button onClick={onClear}>Clear search</Button>}
      />
    );
  }
  return (
    <EmptyState
      title="These runs do not differ"
      action={<Button onClick={() => onView({ ...view, all: true })}>Show all values</Button>}
    >
      Their parameters, last metrics, data and source are the same.
    </EmptyState>
  );
}
