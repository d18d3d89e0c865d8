import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { useStart } from "./actions";
import { deployment } from "./api";
import { isAtRest, LifecycleQuestions, type Question } from "./lifecycle-questions";

const OF_SERVED = {
  runs: "Stop it: its address answers 503 until it is started again.",
  rests: "It does not run: its address answers 503.",
};
const OF_REPORTED = {
  runs: "Stop watching it; what was recorded stays.",
  rests: "It is watched no more.",
};

/** Stopping, starting again, and deleting for good. */
export function DangerPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(deployment(id));
  const mayChange = usePermission("deployments.create");
  const [asking, setAsking] = useState<Question | null>(null);
  const start = useStart(id);
  if (!mayChange) return null;
  const atRest = isAtRest(data);
  const word = atRest ? "rests" : "runs";
  const isServed = data.kind === "served";
  return (
    <Panel title="Danger zone">
      <div className="stack">
        <div className="row between wrap">
          <p>{isServed ? OF_SERVED[word] : OF_REPORTED[word]}</p>
          {!atRest && (
            <Button variant="default" onClick={() => setAsking("stop")}>
              Stop deployment
            </Button>
          )}
          {atRest && isServed && (
            <Button variant="default" loading={start.isPending} onClick={() => start.mutate()}>
              Start deployment
            </Button>
          )}
        </div>
        {start.error && <Refused error={start.error} />}
        <div className="row between wrap">
          <p>
            Delete it with its address, keys, history and recorded predictions.
            {!atRest && " It has to be stopped first."}
          </p>
          <Button
            color="red"
            variant="light"
            disabled={!atRest}
            onClick={() => setAsking("delete")}
          >
            Delete deployment
          </Button>
        </div>
      </div>
      <LifecycleQuestions deployment={data} asking={asking} onClose={() => setAsking(null)} />
    </Panel>
  );
}
