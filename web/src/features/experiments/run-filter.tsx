import { Button, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Refusal } from "@/api/refusal";

interface Props {
  filter: string;
  onFilter: (filter: string) => void;
  /** What the server said about the filter. */
  error: Error | null;
}

/** The filter of a run table, in MLflow's grammar; a mistake is shown where it was typed. */
export function RunFilter({ filter, onFilter, error }: Props) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  const problem = error instanceof Refusal && filter ? error.message : null;
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
        style={{ flex: 1 }}
        leftSection={<IconFilter size={16} stroke={1.7} aria-hidden />}
        value={text}
        error={problem}
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Filter
      </Button>
      {filter && (
        <Button variant="subtle" onClick={() => onFilter("")}>
          Clear
        </Button>
      )}
    </form>
  );
}
