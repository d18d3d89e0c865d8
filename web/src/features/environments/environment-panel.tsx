import { Button, NumberInput, Switch, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { number, plural } from "@/lib/format";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Tag } from "@/ui/status-badge";
import { type Environment, usePatch, useRemove } from "./api";
import { DriverChoice, runsWhere } from "./driver-choice";
import { PriceFields, priceText } from "./price-fields";
import { Secrets } from "./secrets";
import { asText, asVariables } from "./variables";

/** One environment: what it holds, and the form that changes it. */
export function EnvironmentPanel({ of, mayManage }: { of: Environment; mayManage: boolean }) {
  const [editing, setEditing] = useState(false);
  const { used, quota, policy } = of;
  return (
    <Panel
      title={of.name}
      note={
        <>
          <Tag>{of.slug}</Tag> {plural(used.deployments, "deployment")}, {number(used.cpu)} cores,{" "}
          {number(used.memory_gb)} GB memory
        </>
      }
      action={
        mayManage && (
          <Button size="xs" variant="default" onClick={() => setEditing(!editing)}>
            {editing ? "Close" : "Edit"}
          </Button>
        )
      }
    >
      {editing ? (
        <EnvironmentForm of={of} onDone={() => setEditing(false)} />
      ) : (
        <Facts
          of={[
            ["Variables", Object.keys(of.variables).join(", ") || "None"],
            ["Secrets", of.secrets.map((one) => one.name).join(", ") || "None"],
            [
              "Limits",
              [
                limit(quota.deployments, "deployments"),
                limit(quota.cpu, "cores"),
                limit(quota.memory_gb, "GB memory"),
              ]
                .filter(Boolean)
                .join(", ") || "None",
            ],
            ["Price of an hour", priceText(of.price)],
            [
              "Policy",
              [
                policy.needs_reason ? "rollbacks need a reason" : "",
                policy.needs_approval ? "versions name who approved them" : "",
                policy.promote_only ? "takes promoted deployments only" : "",
                policy.driver ? runsWhere(policy.driver) : "",
              ]
                .filter(Boolean)
                .join(", ") || "None of its own",
            ],
          ]}
        />
      )}
    </Panel>
  );
}

const limit = (value: number | null | undefined, what: string) =>
  value === null || value === undefined ? "" : `${number(value)} ${what}`;

const asLimit = (value: string | number) => (typeof value === "number" ? value : null);

function EnvironmentForm({ of, onDone }: { of: Environment; onDone: () => void }) {
  const [name, setName] = useState(of.name);
  const [variables, setVariables] = useState(asText(of.variables));
  const [quota, setQuota] = useState(of.quota);
  const [price, setPrice] = useState(of.price);
  const [policy, setPolicy] = useState(of.policy);
  const patch = usePatch(of.slug);
  const remove = useRemove(of.slug);
  return (
    <div className="stack">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          patch.mutate(
            { name: name.trim(), variables: asVariables(variables), quota, price, policy },
            { onSuccess: onDone },
          );
        }}
      >
        <TextInput
          label="Name"
          description={`The address keeps ${of.slug}.`}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label="Variables"
          description="One NAME=value a line. Model servers get them when they start next."
          autosize
          minRows={3}
          styles={{ input: { fontFamily: "var(--font-mono)" } }}
          value={variables}
          onChange={(event) => setVariables(event.currentTarget.value)}
        />
        <div className="grid-3">
          <NumberInput
            label="Deployments at most"
            placeholder="No limit"
            min={0}
            allowDecimal={false}
            value={quota.deployments ?? ""}
            onChange={(value) => setQuota({ ...quota, deployments: asLimit(value) })}
          />
          <NumberInput
            label="Cores at most"
            placeholder="No limit"
            min={0}
            value={quota.cpu ?? ""}
            onChange={(value) => setQuota({ ...quota, cpu: asLimit(value) })}
          />
          <NumberInput
            label="Memory at most, GB"
            placeholder="No limit"
            min={0}
            value={quota.memory_gb ?? ""}
            onChange={(value) => setQuota({ ...quota, memory_gb: asLimit(value) })}
          />
        </div>
        <PriceFields value={price} onChange={setPrice} />
        <NumberInput
          label="A shadow gets copies of at most, %"
          maw={320}
          min={1}
          max={100}
          allowDecimal={false}
          value={policy.shadow_cap ?? 50}
          onChange={(value) =>
            typeof value === "number" && setPolicy({ ...policy, shadow_cap: value })
          }
        />
        <div className="row wrap">
          <Switch
            label="Rollbacks need a reason"
            checked={policy.needs_reason ?? false}
            onChange={(event) =>
              setPolicy({ ...policy, needs_reason: event.currentTarget.checked })
            }
          />
          <Switch
            label="Versions name who approved them"
            checked={policy.needs_approval ?? false}
            onChange={(event) =>
              setPolicy({ ...policy, needs_approval: event.currentTarget.checked })
            }
          />
          <Switch
            label="Takes promoted deployments only"
            checked={policy.promote_only ?? false}
            onChange={(event) =>
              setPolicy({ ...policy, promote_only: event.currentTarget.checked })
            }
          />
        </div>
        <DriverChoice
          value={policy.driver}
          onChange={(driver) => setPolicy({ ...policy, driver })}
        />
        {patch.error && <Refused error={patch.error} />}
        <div className="row">
          <Button type="submit" loading={patch.isPending} disabled={!name.trim()}>
            Save {of.name}
          </Button>
          {of.rank > 2 && (
            <Button variant="default" color="red" onClick={() => remove.mutate(undefined)}>
              Remove
            </Button>
          )}
        </div>
        {remove.error && <Refused error={remove.error} />}
      </form>
      <Secrets of={of} />
    </div>
  );
}
