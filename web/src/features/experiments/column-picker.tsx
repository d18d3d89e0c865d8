import { Button, Checkbox, Popover, ScrollArea, Switch, TextInput } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { count } from "@/lib/format";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { columnList } from "./api";
import { ChosenColumns } from "./chosen-columns";
import { ATTRIBUTES, type ColumnName, isDataColumn, isOffered, keyOf } from "./columns";

interface Props {
  id: string;
  chosen: ColumnName[];
  onChoose: (columns: ColumnName[]) => void;
}

const GROUPS = [
  ["metrics.", "Metrics"],
  ["params.", "Parameters"],
  ["tags.", "Tags"],
] as const;
const LISTED = 100;

/** Which columns the run table shows, and in which order. */
export function ColumnPicker(props: Props) {
  return (
    <Popover position="bottom-end" width={360} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} stroke={1.7} aria-hidden />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Choice {...props} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ id, chosen, onChoose }: Props) {
  const { data, error } = useQuery(columnList(id));
  const [wanted, setWanted] = useState("");
  const [onlyDifferent, setOnlyDifferent] = useState(false);
  const words = wanted.toLowerCase();
  const toggle = (name: ColumnName) =>
    onChoose(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const found = (data?.columns ?? []).filter(
    (one) =>
      isOffered(one) && one.name.toLowerCase().includes(words) && (!onlyDifferent || one.differs),
  );
  const attributes = ATTRIBUTES.filter((one) => !onlyDifferent && one.includes(words));
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
      <ScrollArea.Autosize mah={380}>
        <div className="stack tight">
          {words === "" && <ChosenColumns chosen={chosen} onChoose={onChoose} />}
          <Group
            title="Attributes"
            of={attributes.map((name) => ({ name }))}
            {...{ chosen, toggle }}
          />
          {GROUPS.map(([prefix, title]) => (
            <Group
              key={prefix}
              title={title}
              of={found.flatMap(({ name, runs }) =>
                isDataColumn(name) && name.startsWith(prefix) ? [{ name, runs }] : [],
              )}
              {...{ chosen, toggle }}
            />
          ))}
          {error && <Refused error={error} />}
          {!data && !error && <LinesSkeleton lines={4} />}
          {data && found.length + attributes.length === 0 && (
            <p className="small dim">No run has such a column.</p>
          )}
        </div>
      </ScrollArea.Autosize>
      {data?.is_sampled && (
        <p className="caption dim">Counted in the newest {count(data.runs)} runs.</p>
      )}
    </div>
  );
}

interface GroupProps {
  title: string;
  of: { name: ColumnName; runs?: number }[];
  chosen: ColumnName[];
  toggle: (name: ColumnName) => void;
}

function Group({ title, of, chosen, toggle }: GroupProps) {
  if (of.length === 0) return null;
  return (
    <fieldset className="stack tight" style={{ border: 0, padding: 0 }}>
      <legend className="caption dim">{title}</legend>
      {of.slice(0, LISTED).map(({ name, runs }) => (
        <div key={name} className="row between">
          <Checkbox
            label={isDataColumn(name) ? keyOf(name) : name}
            aria-label={name}
            checked={chosen.includes(name)}
            onChange={() => toggle(name)}
            styles={{ label: { overflowWrap: "anywhere" } }}
          />
          {runs !== undefined && (
            <span className="caption dim num" title="Runs that have a value">
              {count(runs)}
            </span>
          )}
        </div>
      ))}
      {of.length > LISTED && (
        <p className="caption dim">{of.length - LISTED} more. Type part of a name to find one.</p>
      )}
    </fieldset>
  );
}
