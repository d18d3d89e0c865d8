import { Button, Checkbox, Popover, ScrollArea, TextInput } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { useState } from "react";
import type { DataColumn } from "./run-columns";

interface Props {
  known: DataColumn[];
  chosen: DataColumn[];
  onChoose: (columns: DataColumn[]) => void;
}

/** Which metrics and parameters the run table shows. */
export function ColumnPicker({ known, chosen, onChoose }: Props) {
  const [wanted, setWanted] = useState("");
  const found = known.filter((name) => name.toLowerCase().includes(wanted.toLowerCase()));
  const toggle = (name: DataColumn, shown: boolean) =>
    onChoose(shown ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <Popover position="bottom-end" width={320} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} stroke={1.7} aria-hidden />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className="stack tight">
          <TextInput
            aria-label="Find a column"
            placeholder="Find a metric or parameter"
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <ScrollArea.Autosize mah={320}>
            <div className="stack tight">
              {found.map((name) => (
                <Checkbox
                  key={name}
                  label={name}
                  checked={chosen.includes(name)}
                  onChange={(event) => toggle(name, event.currentTarget.checked)}
                />
              ))}
              {found.length === 0 && (
                <p className="small dim">No run on this page has such a column.</p>
              )}
            </div>
          </ScrollArea.Autosize>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
