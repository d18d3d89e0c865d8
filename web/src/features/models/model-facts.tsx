import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Facts } from "@/ui/facts";
import { FormActions } from "@/ui/form-actions";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { useFocusBack } from "@/ui/use-focus-back";
import type { Model } from "./api";
import { members, useSetFacts } from "./page-api";

const TASKS = [
  "classification",
  "regression",
  "ranking",
  "forecasting",
  "clustering",
  "anomaly detection",
  "text generation",
  "embedding",
  "vision",
  "other",
];

/** Who answers for the model, under which licence, for which kind of task. */
export function ModelFacts({ model, mayWrite }: { model: Model; mayWrite: boolean }) {
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="About"
      action={
        mayWrite && (
          <Button variant="default" size="xs" onClick={() => setEditing(true)}>
            Edit facts
          </Button>
        )
      }
    >
      <Facts
        of={[
          ["Owner", model.owner_name],
          ["Task", model.task || <span className="dim">Not said</span>],
          ["Licence", model.licence || <span className="dim">Not said</span>],
          ["Framework", model.framework],
          ["Registered", <Time key="at" at={model.created_at} />],
        ]}
      />
      {editing && <FactsDialog model={model} onClose={() => setEditing(false)} />}
    </Panel>
  );
}

function FactsDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  useFocusBack();
  const people = useQuery(members()).data?.items ?? [];
  const [facts, setFacts] = useState({
    licence: model.licence,
    task: model.task,
    owner_id: model.owner_id,
  });
  const save = useSetFacts(model.id);
  return (
    <Modal opened onClose={onClose} title={`About ${model.name}`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(facts, { onSuccess: onClose });
        }}
      >
        <Select
          label="Owner"
          searchable
          placeholder={model.owner_name}
          data={people.map((one) => ({ value: one.user_id, label: one.display_name }))}
          value={facts.owner_id}
          onChange={(owner_id) => setFacts({ ...facts, owner_id })}
        />
        <Select
          label="Task"
          clearable
          data={[...new Set([...TASKS, ...(facts.task ? [facts.task] : [])])]}
          value={facts.task || null}
          onChange={(task) => setFacts({ ...facts, task: task ?? "" })}
        />
        <TextInput
          label="Licence"
          description="An SPDX name such as Apache-2.0, or your own"
          maxLength={100}
          value={facts.licence}
          onChange={(event) => setFacts({ ...facts, licence: event.currentTarget.value })}
        />
        {save.error && <Refused error={save.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={save.isPending}>
            Save facts
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
