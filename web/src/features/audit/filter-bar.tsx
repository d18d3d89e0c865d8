import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { people } from "./api";
import classes from "./audit.module.css";
import { type AuditFilters, auditFilters, RANGES } from "./filters";

interface Props {
  filters: AuditFilters;
  onFilter: (filters: AuditFilters) => void;
}

/** Text, person, action and time. Each change goes to the address bar. */
export function FilterBar({ filters, onFilter }: Props) {
  const { data: members } = useQuery(people());
  const [q, setQ] = useState(filters.q ?? "");
  const [action, setAction] = useState(filters.action ?? "");
  const change = (part: Record<string, unknown>) => onFilter(auditFilters({ ...filters, ...part }));
  const changeLater = useDebouncedCallback(change, 300);
  return (
    <search className={classes.bar}>
      <TextInput
        aria-label="Search the audit log"
        placeholder="Search"
        leftSection={<IconSearch size={15} />}
        value={q}
        onChange={(event) => {
          setQ(event.currentTarget.value);
          changeLater({ q: event.currentTarget.value });
        }}
      />
      <TextInput
        aria-label="Action"
        placeholder="Action, e.g. deployments.create"
        value={action}
        onChange={(event) => {
          setAction(event.currentTarget.value);
          changeLater({ action: event.currentTarget.value });
        }}
      />
      <Select
        aria-label="Person"
        placeholder="Anybody"
        clearable
        searchable
        data={(members?.items ?? []).map((member) => ({
          value: member.user_id,
          label: member.display_name,
        }))}
        value={filters.actor ?? null}
        onChange={(actor) => change({ actor })}
      />
      <Select
        aria-label="Time range"
        data={RANGES.map(({ value, label }) => ({ value, label }))}
        value={filters.range ?? "all"}
        onChange={(range) => change({ range: range === "all" ? undefined : range })}
      />
    </search>
  );
}
