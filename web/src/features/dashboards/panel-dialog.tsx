import { Button, Modal, MultiSelect, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Choice } from "@/ui/choice";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import { columns, type Panel, places, type Signal, type Window } from "./api";
import { METRIC_CHOICES, SIGNALS, WINDOW_WORDS, WINDOWS } from "./words";

const MOST = 6;
const WIDTHS = ["1", "2", "3"] as const;
const WIDTH_NAMES = { "1": "A third", "2": "Two thirds", "3": "Whole row" };
const SIGNAL_CHOICES = Object.entries(SIGNALS).map(([value, label]) => ({ value, label }));
const WINDOW_CHOICES = WINDOWS.map((value) => ({ value, label: WINDOW_WORDS[value] }));
const PERCENTILES = ["p50", "p95", "p99"] as const;
const isSignal = (value: string | null): value is Signal => value !== null && value in SIGNALS;
const windowOf = (value: string | null): Window | null =>
  WINDOWS.find((one) => one === value) ?? null;

interface Props {
  panel: Panel;
  isNew?: boolean;
  onClose: () => void;
  onSave: (panel: Panel) => Promise<unknown>;
}

/** What a panel shows, of which deployments, over which time. */
export function PanelDialog({ panel, isNew = false, onClose, onSave }: Props) {
  useFocusBack();
  const [draft, setDraft] = useState(panel);
  const [error, setError] = useState<Error | null>(null);
  const set = (changed: Partial<Panel>) => setDraft({ ...draft, ...changed });
  const found = useQuery(places());
  const name = isNew ? "Add panel" : "Save panel";
  const known = new Set((found.data ?? []).map((one) => one.deployment_id));
  const gone = draft.deployment_ids.filter((id) => found.data && !known.has(id));
  return (
    <Modal opened onClose={onClose} title={isNew ? "Add panel" : "Edit panel"}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onSave(draft).then(onClose, setError);
        }}
      >
        <Select
          label="Signal"
          data={SIGNAL_CHOICES}
          value={draft.signal}
          allowDeselect={false}
          onChange={(signal) => isSignal(signal) && set({ signal })}
        />
        <MultiSelect
          label="Deployments"
          description={`Up to ${MOST}, one line each.`}
          searchable
          maxValues={MOST}
          data={[
            ...(found.data ?? []).map((one) => ({
              value: one.deployment_id,
              label: `${one.environment}/${one.name}`,
            })),
            ...gone.map((value) => ({ value, label: "Deleted deployment" })),
          ]}
          value={draft.deployment_ids}
          onChange={(deployment_ids) => set({ deployment_ids })}
        />
        <Particulars of={draft} set={set} />
        <Select
          label="Window"
          placeholder="That of the dashboard"
          clearable
          data={WINDOW_CHOICES}
          value={draft.window ?? null}
          onChange={(value) => set({ window: windowOf(value) })}
        />
        <TextInput
          label="Title"
          placeholder="Named by its signal"
          maxLength={100}
          value={draft.title}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <div>
          <Choice
            label="Width"
            value={WIDTHS.find((one) => one === String(draft.width)) ?? "1"}
            options={WIDTHS}
            names={WIDTH_NAMES}
            onChange={(width) => set({ width: width === "3" ? 3 : width === "2" ? 2 : 1 })}
          />
        </div>
        {error && <Refused error={error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" disabled={draft.deployment_ids.length === 0}>
            {name}
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}

/** What only some signals ask for. */
function Particulars({ of, set }: { of: Panel; set: (changed: Partial<Panel>) => void }) {
  const [first = ""] = of.deployment_ids;
  const known = useQuery({ ...columns(first), enabled: of.signal === "drift" && first !== "" });
  if (of.signal === "latency")
    return (
      <div>
        <Choice
          label="Percentile"
          value={of.percentile}
          options={PERCENTILES}
          onChange={(percentile) => set({ percentile })}
        />
      </div>
    );
  if (of.signal === "drift")
    return (
      <Select
        label="Feature"
        placeholder="All: the share of attention that moved"
        clearable
        searchable
        data={[...new Set([...(known.data ?? []), ...(of.feature ? [of.feature] : [])])]}
        value={of.feature ?? null}
        onChange={(feature) => set({ feature })}
      />
    );
  if (of.signal === "accuracy")
    return (
      <Select
        label="Metric"
        placeholder="The first that is known"
        clearable
        data={METRIC_CHOICES}
        value={of.metric ?? null}
        onChange={(metric) => set({ metric })}
      />
    );
  return null;
}
