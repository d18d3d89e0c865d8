import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { differences, type Environment } from "./api";

type Difference = Shape<"Difference">;

/** In what two environments differ: variables, secret names, limits, policy, what they serve. */
export function DifferencesPanel({ all }: { all: Environment[] }) {
  const [left, setLeft] = useState(all.at(-2)?.slug ?? "");
  const [right, setRight] = useState(all.at(-1)?.slug ?? "");
  const query = useQuery(differences(left, right));
  const choices = all.map((one) => ({ value: one.slug, label: one.name }));
  const name = (slug: string) => all.find((one) => one.slug === slug)?.name ?? slug;
  return (
    <Panel title="Differences">
      <div className="stack">
        <div className="row wrap">
          <Select
            label="Left"
            allowDeselect={false}
            data={choices}
            value={left}
            onChange={(value) => value && setLeft(value)}
          />
          <Select
            label="Right"
            allowDeselect={false}
            data={choices}
            value={right}
            onChange={(value) => value && setRight(value)}
          />
        </div>
        {query.error && <Refused error={query.error} />}
        {query.isPending && <LinesSkeleton lines={4} />}
        {query.data?.length === 0 && (
          <EmptyState title={`${name(left)} and ${name(right)} do not differ`} />
        )}
        {query.data && query.data.length > 0 && (
          <DataTable
            label="Differences"
            columns={columnsOf(name(left), name(right))}
            rows={query.data}
            rowKey={(row) => row.what}
          />
        )}
      </div>
    </Panel>
  );
}

const cell = (value: string | null) => value ?? <span className="dim">Not set</span>;

const columnsOf = (left: string, right: string): Column<Difference>[] => [
  { id: "what", header: "What", cell: (row) => row.what },
  { id: "left", header: left, cell: (row) => cell(row.left) },
  { id: "right", header: right, cell: (row) => cell(row.right) },
];
