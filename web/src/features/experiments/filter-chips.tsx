import { ActionIcon, Button, Popover, Select, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { columnList } from "./api";
import { clauseOf, clausesIn, joined, needsValue, type Operator, operatorsOf } from "./clauses";
import { isOffered } from "./columns";
import classes from "./experiments.module.css";

interface Props {
  id: string;
  filter: string;
  onFilter: (filter: string) => void;
}

/** The comparisons of the filter one by one, and a form that adds one. */
export function FilterChips({ id, filter, onFilter }: Props) {
  const clauses = clausesIn(filter) ?? [];
  return (
    <>
      {clauses.map((clause, place) => (
        <span key={clause} className={classes.chip}>
          {clause}
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            aria-label={`Remove filter ${clause}`}
            onClick={() => onFilter(joined(clauses.toSpliced(place, 1)))}
          >
            <IconX size={13} />
          </ActionIcon>
        </span>
      ))}
      <AddFilter id={id} onAdd={(clause) => onFilter(joined([...clauses, clause]))} />
    </>
  );
}

function AddFilter({ id, onAdd }: { id: string; onAdd: (clause: string) => void }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" width={320} trapFocus>
      <Popover.Target>
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => setOpened(!opened)}
        >
          Add filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Comparison
          id={id}
          onAdd={(clause) => {
            setOpened(false);
            onAdd(clause);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

const ATTRIBUTES = [
  "attributes.run_name",
  "attributes.status",
  "attributes.user_id",
  "attributes.start_time",
];

function Comparison({ id, onAdd }: { id: string; onAdd: (clause: string) => void }) {
  const { data } = useQuery(columnList(id));
  const [field, setField] = useState("");
  const operators = operatorsOf(field);
  const [chosen, setChosen] = useState<Operator>("=");
  const operator = operators.includes(chosen) ? chosen : (operators[0] ?? "=");
  const [value, setValue] = useState("");
  const names = (data?.columns ?? []).filter(isOffered).map((one) => one.name);
  const clause = field ? clauseOf(field, operator, value) : null;
  return (
    <form
      className="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (clause) onAdd(clause);
      }}
    >
      <Select
        label="Field"
        placeholder="A metric, parameter, tag …"
        data={[...ATTRIBUTES, ...names]}
        value={field}
        onChange={(next) => setField(next ?? "")}
        comboboxProps={{ withinPortal: false }}
        limit={100}
        searchable
      />
      <Select
        label="Comparison"
        data={operators}
        value={operator}
        onChange={(next) => setChosen(operators.find((one) => one === next) ?? "=")}
        comboboxProps={{ withinPortal: false }}
      />
      {needsValue(operator) && (
        <TextInput
          label="Value"
          placeholder={field === "attributes.start_time" ? "2026-11-01" : undefined}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      <Button type="submit" disabled={clause === null}>
        Add
      </Button>
    </form>
  );
}
