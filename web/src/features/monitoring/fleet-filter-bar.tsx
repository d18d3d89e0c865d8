import { Button, MultiSelect, Select } from "@mantine/core";
import { useMemo } from "react";
import { count } from "@/lib/format";
import { SearchField } from "@/ui/search-field";
import { statusWord } from "@/ui/status-badge";
import type { FleetRow } from "./api";
import { type FleetFilter, filterCount, fleetFilter, LIGHTS, listed, NOBODY } from "./fleet-filter";

interface Props {
  rows: FleetRow[];
  shown: number;
  filter: FleetFilter;
  onFilter: (filter: FleetFilter) => void;
}

/** A line of its own on phones. */
const GROWS = { flex: "1 1 13rem" };

/** Text, environment, light and owner. Each change goes to the address bar. */
export function FleetFilterBar({ rows, shown, filter, onFilter }: Props) {
  const environments = useMemo(() => distinct(rows.map((row) => row.environment)), [rows]);
  const owners = useMemo(() => distinct(rows.map((row) => row.owner || NOBODY)), [rows]);
  const change = (part: Record<string, unknown>) => onFilter(fleetFilter({ ...filter, ...part }));
  return (
    <search className="row wrap">
      <SearchField
        label="Find a deployment"
        value={filter.q ?? ""}
        onSearch={(q) => change({ q })}
      />
      <MultiSelect
        style={GROWS}
        aria-label="Environment"
        placeholder={filter.environment ? "" : "Any environment"}
        clearable
        data={environments}
        value={listed(filter.environment)}
        onChange={(values) => change({ environment: values.join(",") })}
      />
      <MultiSelect
        style={GROWS}
        aria-label="Light"
        placeholder={filter.health ? "" : "Any light"}
        clearable
        data={LIGHTS.map((value) => ({ value, label: statusWord(value) }))}
        value={listed(filter.health)}
        onChange={(values) => change({ health: values.join(",") })}
      />
      <Select
        style={GROWS}
        aria-label="Owner"
        placeholder="Any owner"
        clearable
        searchable
        data={owners.map((value) => ({ value, label: value === NOBODY ? "Nobody" : value }))}
        value={filter.owner ?? null}
        onChange={(owner) => change({ owner })}
      />
      {filterCount(filter) > 0 && (
        <>
          <span className="small dim" role="status">
            {count(shown)} of {count(rows.length)}
          </span>
          <Button variant="subtle" size="compact-sm" onClick={() => onFilter({})}>
            Clear filters
          </Button>
        </>
      )}
    </search>
  );
}

const distinct = (values: string[]): string[] => [...new Set(values)].toSorted();
