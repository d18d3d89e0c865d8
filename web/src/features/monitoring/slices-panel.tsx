import { Button, TextInput } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { count, number } from "@/lib/format";
import { METRIC_NAMES } from "@/lib/metric-names";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { sliceColumns } from "@/ui/slice-columns";
import { View } from "@/ui/view";
import type { Measure } from "./api";
import { type Slice, type Slices, sliceQuality, slices } from "./outcome-api";
import type { QualityRange } from "./ranges";

interface Props {
  id: string;
  range: QualityRange;
}

interface PanelProps extends Props {
  /** Rows were kept in that time; without any there is nothing to ask for. */
  hasRows: boolean;
}

/** Where the model is worst, and the quality of any part of the rows one asks for. */
export function SlicesPanel({ id, range, hasRows }: PanelProps) {
  const [condition, setCondition] = useState("");
  const [asked, setAsked] = useState("");
  const choose = (chosen: string) => {
    setCondition(chosen);
    setAsked(chosen);
  };
  if (!hasRows) {
    return (
      <Panel title="Slices" note="Parts of the inputs where the model loses most">
        <EmptyState title="No rows are kept of that time yet">
          Rows of calls are put aside in files every few minutes, as far as capture keeps them.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <Panel title="Slices" note="Parts of the inputs where the model loses most">
      <View loading={<LinesSkeleton lines={4} />}>
        <Worst id={id} range={range} onChoose={choose} />
      </View>
      <form
        className="row wrap"
        style={{ marginTop: "var(--space-4)" }}
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(condition.trim());
        }}
      >
        <TextInput
          label="Rows where"
          placeholder="age > 40 and city = 'Bern'"
          value={condition}
          onChange={(event) => setCondition(event.currentTarget.value)}
          style={{ flex: "1 1 16rem" }}
        />
        <Button type="submit" variant="default" style={{ alignSelf: "end" }}>
          Measure
        </Button>
      </form>
      {asked && <Asked id={id} range={range} condition={asked} />}
    </Panel>
  );
}

function Worst({ id, range, onChoose }: Props & { onChoose: (condition: string) => void }) {
  const { data } = useSuspenseQuery(slices(id, range));
  if (data.slices.length === 0) {
    return (
      <EmptyState title="No slice is clearly worse">
        Judged on {count(data.rows)} rows with an outcome{ofRead(data)}; a slice needs 100 of them.
      </EmptyState>
    );
  }
  return (
    <>
      <DataTable
        label="Worst slices"
        columns={columnsOf(data)}
        rows={data.slices}
        rowKey={(row) => row.condition}
        onRowClick={(row) => onChoose(row.condition)}
        phone="scroll"
      />
      <p className="dim">
        {count(data.rows)} rows with an outcome{ofRead(data)}.
      </p>
    </>
  );
}

function Asked({ id, range, condition }: Props & { condition: string }) {
  const { data, error } = useQuery(sliceQuality(id, range, condition));
  if (error) return <Refused error={error} />;
  if (!data) return <LinesSkeleton lines={3} />;
  const whole = new Map(data.whole.map((one) => [one.name, one]));
  const told = (one: Measure): [string, string] => [
    METRIC_NAMES[one.name],
    `${number(one.value)}, all rows ${number(whole.get(one.name)?.value)}`,
  ];
  return (
    <div style={{ marginTop: "var(--space-3)" }}>
      <Facts
        of={[
          [
            "Rows",
            `${count(data.n)} of ${count(data.n_whole)}${data.few ? ", few" : ""}${ofRead(data)}`,
          ],
          ...data.measures.map(told),
        ]}
      />
    </div>
  );
}

/** Say how many kept rows were looked at, where they were too many to read them all. */
const ofRead = ({ rows_kept, rows_read }: { rows_kept: number; rows_read: number }): string =>
  rows_read < rows_kept
    ? `, among ${count(rows_read)} of ${count(rows_kept)} kept rows, evenly over the time`
    : "";

const columnsOf = ({ task }: Slices): Column<Slice>[] => [
  ...sliceColumns(task, "Slice"),
  { id: "q", header: "q", align: "end", cell: (row) => number(row.q_value) },
];
