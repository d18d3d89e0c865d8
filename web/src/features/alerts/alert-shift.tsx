import { Button, Modal, NumberInput, Slider, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { latency, number, percent } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { LinesSkeleton } from "@/ui/skeletons";
import { useFocusBack } from "@/ui/use-focus-back";
import { type Alert, alertShift, type Shift, type ShiftSide, useShiftFrom } from "./api";

interface Props {
  of: Alert;
  onClose: () => void;
}

/** Both revisions side by side, and a share for the other one. */
export function AlertShift({ of, onClose }: Props) {
  useFocusBack();
  const { data, error } = useQuery(alertShift(of.id));
  const [live, other] = data?.sides ?? [];
  return (
    <Modal opened onClose={onClose} title={`Shift traffic of ${of.deployment_name}`} size="lg">
      {error && <Refused error={error} />}
      {!data && !error && <LinesSkeleton lines={5} />}
      {data && !(live && other) && (
        <EmptyState title="There is nothing to shift to">{data.reason}</EmptyState>
      )}
      {data && live && other && (
        <Shares
          key={other.revision}
          of={of}
          data={data}
          live={live}
          other={other}
          close={onClose}
        />
      )}
    </Modal>
  );
}

interface SharesProps {
  of: Alert;
  data: Shift;
  live: ShiftSide;
  other: ShiftSide;
  close: () => void;
}

function Shares({ of, data, live, other, close }: SharesProps) {
  const [share, setShare] = useState(other.weight || 50);
  const [reason, setReason] = useState("");
  const shift = useShiftFrom();
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        shift.mutate(
          { id: of.id, revision: other.revision, percent: share, reason: reason.trim() || null },
          { onSuccess: close },
        );
      }}
    >
      <DataTable
        label="Both revisions over the last hour"
        columns={COLUMNS}
        rows={[live, other]}
        rowKey={(row) => String(row.revision)}
      />
      <div className="row wrap" style={{ alignItems: "flex-end" }}>
        <div style={{ flex: "1 1 240px", paddingBottom: 12 }}>
          <Slider
            min={1}
            max={99}
            value={share}
            onChange={setShare}
            thumbLabel={`Share of version ${other.version}, %`}
            label={(value) => `${value} %`}
          />
        </div>
        <NumberInput
          label={`Version ${other.version}, %`}
          w={120}
          min={1}
          max={99}
          allowDecimal={false}
          clampBehavior="strict"
          value={share}
          onChange={(value) => typeof value === "number" && value >= 1 && setShare(value)}
        />
      </div>
      <p className="small dim">
        {effect(data, other, share)}{" "}
        {data.is_shared
          ? "Both serve now: it takes effect at once."
          : `Version ${other.version} is started first, as a canary that stays at its share; what is live serves meanwhile.`}
      </p>
      <TextInput
        label="Reason"
        placeholder={`Alert #${of.number}: ${of.title}.`}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {shift.error && <Refused error={shift.error} />}
      <FormActions onCancel={close}>
        <Button
          type="submit"
          loading={shift.isPending}
          disabled={data.is_shared && share === other.weight}
        >
          Send {share} % to version {other.version}
        </Button>
      </FormActions>
    </form>
  );
}

/** What a share means in calls, by the traffic of the last hour. */
function effect(data: Shift, other: ShiftSide, share: number): string {
  if (data.calls_per_minute === 0) return "No calls came in the last hour.";
  const moved = (data.calls_per_minute * share) / 100;
  return `About ${number(moved)} of ${number(data.calls_per_minute)} calls a minute would be answered by version ${other.version}.`;
}

const COLUMNS: Column<ShiftSide>[] = [
  {
    id: "revision",
    header: "Revision",
    cell: (row) =>
      `Revision ${row.revision}, version ${row.version}${row.role === "live" ? ", live" : ""}`,
  },
  { id: "weight", header: "Share now", align: "end", cell: (row) => `${row.weight} %` },
  { id: "calls", header: "Calls", align: "end", cell: (row) => number(row.requests) },
  { id: "failed", header: "Failed", align: "end", cell: (row) => percent(row.error_rate) },
  { id: "p95", header: "p95", align: "end", cell: (row) => latency(row.p95_ms) },
];
