import { Button, Modal, TextInput } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { useState } from "react";
import { Facts } from "@/ui/facts";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { useRollBack } from "./actions";
import type { Deployment, Revision } from "./api";

interface Props {
  deployment: Deployment;
  /** The revision that was good before. */
  to: Revision;
}

/** The way back to the previous good revision: one question, one click. */
export function RollBack({ deployment, to }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconArrowBackUp size={16} stroke={1.7} aria-hidden />}
        onClick={() => setAsking(true)}
      >
        Roll back to v{to.version}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Roll back ${deployment.name} to version ${to.version}?`}
      >
        {asking && <Question deployment={deployment} to={to} onClose={() => setAsking(false)} />}
      </Modal>
    </>
  );
}

function Question({ deployment, to, onClose }: Props & { onClose: () => void }) {
  const rollBack = useRollBack(deployment.id);
  const [reason, setReason] = useState("");
  const needsReason = deployment.environment === "production";
  const from = deployment.live_revision;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        rollBack.mutate(
          { revision: to.number, reason: reason.trim() || null },
          { onSuccess: onClose },
        );
      }}
    >
      <Facts
        of={[
          ["From", from ? `Version ${from.version}, revision ${from.number}` : "Nothing live"],
          ["To", `Version ${to.version}, as in revision ${to.number}`],
          ["It was live", to.live_from ? <Time key="from" at={to.live_from} /> : "Never"],
          from && from.config.engine !== to.config.engine
            ? ["Engine", `${from.config.engine} → ${to.config.engine}`]
            : ["Engine", to.config.engine],
        ]}
      />
      <p className="dim">
        {from ? `Version ${from.version} keeps serving until version ${to.version} answers.` : ""}{" "}
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
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          data-autofocus
          loading={rollBack.isPending}
          disabled={needsReason && !reason.trim()}
        >
          Roll back
        </Button>
      </div>
    </form>
  );
}
