import { Button, Menu, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Refusal } from "@/api/refusal";
import { mistakeIn } from "./filter-mistake";

interface Props {
  filter: string;
  onFilter: (filter: string) => void;
  /** What the server said about the filter. */
  error: Error | null;
}

const EXAMPLES = [
  ["A metric above a value", "metrics.accuracy > 0.9"],
  ["A parameter", "params.optimizer = 'adam'"],
  ["A name with other signs", "metrics.`val/loss` < 0.2"],
  ["A tag, and a state", "tags.team = 'risk' and attributes.status = 'FINISHED'"],
  ["Part of a run's name", "attributes.run_name LIKE 'sgd-%'"],
  ["A data set", "datasets.name = 'train'"],
] as const;

/** The filter of a run table, in MLflow's grammar; a mistake is shown where it was typed. */
export function RunFilter({ filter, onFilter, error }: Props) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const problem = error instanceof Refusal && filter ? error : null;
  return (
    <form
      className="row wrap"
      style={{ flex: "1 1 320px", alignItems: "flex-start" }}
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(text.trim());
      }}
    >
      <TextInput
        aria-label="Filter runs"
        placeholder={'metrics.accuracy > 0.9 and params.C = "1.0"'}
        styles={{ input: { fontFamily: "var(--font-mono)" } }}
        style={{ flex: "1 1 220px" }}
        leftSection={<IconFilter size={16} stroke={1.7} aria-hidden />}
        value={text}
        error={problem && <Problem filter={filter} refusal={problem} />}
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
      <Menu position="bottom-end" width={340}>
        <Menu.Target>
          <Button variant="subtle">Examples</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {EXAMPLES.map(([what, example]) => (
            <Menu.Item key={example} onClick={() => setText(example)}>
              <div className="caption dim">{what}</div>
              <code>{example}</code>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {filter && (
        <Button variant="subtle" onClick={() => onFilter("")}>
          Clear
        </Button>
      )}
    </form>
  );
}

/** The server's sentence, and the filter with the place it names marked. */
function Problem({ filter, refusal }: { filter: string; refusal: Refusal }) {
  const span = mistakeIn(filter, refusal);
  return (
    <>
      <span>{refusal.message}</span>
      {span && (
        <code
          style={{
            display: "block",
            marginTop: 4,
            fontSize: "0.875rem",
            overflowWrap: "anywhere",
          }}
        >
          {filter.slice(0, span.start)}
          <mark
            style={{
              background: "var(--bad-bg)",
              color: "var(--bad)",
              textDecoration: "underline wavy",
            }}
          >
            {filter.slice(span.start, span.end) || "▮"}
          </mark>
          {filter.slice(span.end)}
        </code>
      )}
    </>
  );
}
