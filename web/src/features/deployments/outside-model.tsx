import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import { environmentList } from "./api";
import { useCreateReported } from "./reported-api";

/** Begins to watch a model that runs somewhere else. */
export function OutsideModel() {
  const [open, setOpen] = useState(false);
  if (!usePermission("deployments.create")) return null;
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Add outside model
      </Button>
      {open && <Form onClose={() => setOpen(false)} />}
    </>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  useFocusBack();
  const create = useCreateReported();
  const { data: environments = [] } = useQuery(environmentList());
  const navigate = useNavigate();
  const [model, setModel] = useState("");
  const [servedBy, setServedBy] = useState("");
  const [environment, setEnvironment] = useState<string>("production");
  const send = () =>
    create.mutate(
      {
        model_name: model.trim(),
        environment,
        version: 1,
        inputs: [],
        ...(servedBy.trim() ? { served_by: servedBy.trim() } : {}),
      },
      {
        onSuccess: (made) =>
          void navigate({
            to: "/w/$ws/deployments/$dep",
            params: { ...here(), dep: made.id },
          }),
      },
    );
  return (
    <Modal opened onClose={onClose} title="Watch a model that is served elsewhere">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <p className="small dim">
          It gets the same charts, drift, quality and alerts. Rows are reported by whoever serves
          it; nothing runs here and no files are needed.
        </p>
        <TextInput
          label="Model"
          required
          data-autofocus
          maxLength={255}
          value={model}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
        <TextInput
          label="Served by"
          description="For example SageMaker eu-west-1"
          maxLength={200}
          value={servedBy}
          onChange={(event) => setServedBy(event.currentTarget.value)}
        />
        <Select
          label="Environment"
          data={environments.map((one) => ({ value: one.slug, label: one.name }))}
          value={environment}
          allowDeselect={false}
          onChange={(chosen) => chosen && setEnvironment(chosen)}
        />
        {create.error && <Refused error={create.error} />}
        <Button type="submit" loading={create.isPending} disabled={model.trim() === ""}>
          Watch it
        </Button>
      </form>
    </Modal>
  );
}
