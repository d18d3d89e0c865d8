import { Button, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { environments, useAdd } from "./api";
import { DifferencesPanel } from "./differences-panel";
import { EnvironmentPanel } from "./environment-panel";
import { WallsPanel } from "./walls-panel";

/** Where deployments live: each environment's name, variables, secrets, limits and policy. */
export function EnvironmentsPage() {
  const { data } = useSuspenseQuery(environments());
  const mayManage = usePermission("environments.manage");
  return (
    <div className="stack loose">
      {data.map((one) => (
        <EnvironmentPanel key={one.slug} of={one} mayManage={mayManage} />
      ))}
      {mayManage && <AddEnvironment />}
      {data.length > 1 && <DifferencesPanel all={data} />}
      <WallsPanel />
    </div>
  );
}

function AddEnvironment() {
  const [name, setName] = useState("");
  const add = useAdd();
  return (
    <Panel title="Another environment">
      <form
        className="row wrap"
        style={{ alignItems: "flex-end" }}
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(name.trim(), { onSuccess: () => setName("") });
        }}
      >
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={add.isPending} disabled={!name.trim()}>
          Add environment
        </Button>
      </form>
      {add.error && <Refused error={add.error} />}
    </Panel>
  );
}
