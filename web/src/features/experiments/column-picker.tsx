import { Button, Checkbox, Popover, ScrollArea, Switch, TextInput } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { RunSummary } from "./api";
import { columnsIn, type DataColumn, differs, filled, keyOf } from "./run-data";

interface Props {
  runs: RunSummary[];
  chosen: DataColumn[];
  onChoose: (columns: DataColumn[]) => void;
}

const GROUPS = [
  ["metrics.", "Metrics"],
  ["params.", "Parameters"],
  ["tags.", "Tags"],
] as const;
const LISTED = 100;

/** Which metrics, parameters and tags the run table shows. */
export function ColumnPicker({ runs, chosen, onChoose }: Props) {
  return (
    <Popover position="bottom-end" width={340} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} stroke={1.7} aria-hidden />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Choice runs={runs} chosen={chosen} onChoose={onChoose} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ runs, chosen, onChoose }: Props) {
  const [wanted, setWanted] = useState("");
  const [onlyDifferent, setOnlyDifferent] = useState(false);
  const known = useMemo(() => [...new Set([...columnsIn(runs), ...chosen])], [runs, chosen]);
  const found = known.filter(
    (name) =>
      name.toLowerCase().includes(wanted.toLowerCase()) && (!onlyDifferent || differs(runs, name)),
  );
  const toggle = (name: DataColumn, shown: boolean) =>
    onChoose(shown ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <div className="stack tight">
      <TextInput
        aria-label="Find a column"
        placeholder="Find a metric, parameter or tag"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <Switch
        size="xs"
        label="Only those that differ"
        checked={onlyDifferent}
        onChange={(event) => setOnlyDifferent(event.currentTarget.checked)}
      />
      <ScrollArea.Autosize mah={320}>
        <div className="stack tight">
          {GROUPS.map(([prefix, title]) => {
            const names = found.filter((name) => name.startsWith(prefix));
            if (names.length === 0) return null;
            return (
              <fieldset key={prefix} className="stack tight" style={{ border: 0, padding: 0 }}>
                <legend className="caption dim">{title}</legend>
                {names.slice(0, LISTED).map((name) => (
                  <div key={name} className="row between">
                    <Checkbox
                      label={keyOf(name)}
                      aria-label={name}
                      checked={chosen.includes(name)}
                      onChange={(event) => toggle(name, event.currentTarget.checked)}
                      styles={{ label: { overflowWrap: "anywhere" } }}
                    />
                    <span className="caption dim num" title="Loaded runs that have a value">
                      {filled(runs, name)}
                    </span>
                  </div>
                ))}
                {names.length > LISTED && (
                  <p className="caption dim">
                    {names.length - LISTED} more. Type part of a name to find one.
                  </p>
                )}
              </fieldset>
            );
          })}
          {found.length === 0 && <p className="small dim">No loaded run has such a column.</p>}
        </div>
      </ScrollArea.Autosize>
    </div>
  );
}
