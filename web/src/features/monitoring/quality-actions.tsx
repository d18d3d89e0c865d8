import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { Callout } from "@/ui/callout";
import type { Quality } from "./api";
import { reasonsOf, useUploadOutcomes, value } from "./outcome-api";
import { UploadDialog } from "./upload-dialog";
import { ValueDialog } from "./value-dialog";

/** Sends outcomes as a file, and says what they are worth. */
export function QualityActions({ id, task }: { id: string; task: Quality["task"] }) {
  const upload = useUploadOutcomes(id);
  const worth = useQuery(value(id));
  const [open, setOpen] = useState(false);
  const [sending, setSending] = useState(false);
  const maySend = usePermission("outcomes.write");
  const mayManage = usePermission("monitoring.manage");
  const got = upload.data;
  const why = reasonsOf(got?.reasons);
  return (
    <div className="stack">
      <div className="row wrap">
        {maySend && (
          <Button variant="default" size="xs" onClick={() => setSending(true)}>
            Upload outcomes
          </Button>
        )}
        {mayManage && task !== "ranking" && (
          <Button variant="default" size="xs" onClick={() => setOpen(true)}>
            Value per outcome
          </Button>
        )}
      </div>
      {got && (
        <Callout tone={got.rejected ? "warn" : "ok"} role="status" title="Outcomes received">
          <p>
            {plural(got.received, "outcome")}: {got.matched} joined, {got.waiting} waiting,{" "}
            {got.corrected} corrected, {got.duplicates} known already, {got.rejected} refused.
          </p>
          {why && <p className="small">Of entities: {why}.</p>}
          {got.problems[0] && (
            <p className="small">
              Row {got.problems[0].index + 1}: {got.problems[0].problem}
            </p>
          )}
        </Callout>
      )}
      {sending && <UploadDialog upload={upload} onClose={() => setSending(false)} />}
      {open && (
        <ValueDialog id={id} task={task} now={worth.data ?? null} onClose={() => setOpen(false)} />
      )}
    </div>
  );
}
