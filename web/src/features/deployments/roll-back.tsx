import { Button, Modal, Select, TextInput } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useState } from "react";
import { Refusal } from "@/api/refusal";
import { Facts } from "@/ui/facts";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { useRollBack } from "./actions";
import type { Deployment, Revision } from "./api";

interface Props {
  deployment: Deployment;
  /** The revision that was good before. */
  to: Revision;
  /** All revisions that were good, newest first. */
  good: Revision[];
  /** One of many in a table. */
  inRow?: boolean;
}

/** The way back to the previous good revision: one question, one click. */
export function RollBack({ deployment, to, good, inRow = false }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      {inRow ? (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={`Redeploy revision ${to.number}`}
          onClick={() => setAsking(true)}
        >
          Redeploy
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={<IconArrowBackUp size={16} stroke={1.7} aria-hidden />}
          onClick={() => setAsking(true)}
        >
          Roll back to v{to.version}
        </Button>
      )}
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Roll back ${deployment.name} to version ${to.version}?`}
      >
        {asking && (
          <Question deployment={deployment} to={to} good={good} onClose={() => setAsking(false)} />
        )}
      </Modal>
    </>
  );
}

const differsInInput = (error: Error | null) =>
  error instanceof Refusal && error.code === "deployments.schema_differs";

type QuestionProps = Omit<Props, "inRow"> & { onClose: () => void };

function Question({ deployment, to: first, good, onClose }: QuestionProps) {
  const rollBack = useRollBack(deployment.id);
  const [reason, setReason] = useState("");
  const [number, setNumber] = useState(first.number);
  const to = good.find((one) => one.number === number) ?? first;
  const needsReason = deployment.environment === "production";
  const from = deployment.live_revision;
  const anyway = differsInInput(rollBack.error);
  const isWarm = deployment.standby_revision === to.number;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        rollBack.mutate(
          { revision: to.number, reason: reason.trim() || null, accept_schema_change: anyway },
          { onSuccess: onClose },
        );
      }}
    >
      {good.length > 1 && (
        <Select
          label="To"
          allowDeselect={false}
          data={good.map((one) => ({
            value: String(one.number),
            label: `Version ${one.version}, revision ${one.number}`,
          }))}
          value={String(to.number)}
          onChange={(value) => setNumber(Number(value))}
        />
      )}
      <Facts
        of={[
          ["From", from ? `Version ${from.version}, revision ${from.number}` : "Nothing live"],
          ["To", `Version ${to.version}, as in revision ${to.number}`],
          ["It was live", to.live_from ? <Time key="from" at={to.live_from} /> : "Never"],
          from && from.config.engine !== to.config.engine
            ? ["Engine", `${from.config.engine} → ${to.config.engine}`]
            : ["Engine", to.config.engine],
          ["Takes", isWarm ? "No time: its server still runs" : "Seconds: its server has to start"],
        ]}
      />
      <p className="dim">
        {from && !isWarm
          ? `Version ${from.version} keeps serving until version ${to.version} answers.`
          : ""}{" "}
        The history keeps both.
      </p>
      <TextInput
        label="Reason"
        {...(needsReason ? { description: "Needed in production." } : { placeholder: "Optional" })}
        required={needsReason}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {rollBack.error && <Refused error={rollBack.error} />}
      <FormActions onCancel={onClose}>
        <Button
          type="submit"
          data-autofocus
          loading={rollBack.isPending}
          disabled={needsReason && !reason.trim()}
        >
          {anyway ? "Roll back anyway" : "Roll back"}
        </Button>
      </FormActions>
    </form>
  );
}
