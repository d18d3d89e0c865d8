import { Button, Modal, Radio, Textarea } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { type AlertRow, type Resolution, useResolve } from "./api";
import { RESOLUTIONS } from "./words";

interface Props {
  /** `null` keeps the dialog closed. */
  of: AlertRow | null;
  onClose: () => void;
}

const CAUSES: Resolution[] = [
  "fixed",
  "rolled_back",
  "bad_data",
  "expected",
  "false_alarm",
  "other",
];

/** Ends an alert with its cause. */
export function ResolveDialog({ of, onClose }: Props) {
  const [cause, setCause] = useState<Resolution>("fixed");
  const [note, setNote] = useState("");
  const resolve = useResolve();
  return (
    <Modal
      opened={of !== null}
      onClose={onClose}
      title={of ? `Resolve #${of.number}, ${of.title.toLowerCase()}?` : ""}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (of)
            resolve.mutate(
              { id: of.id, resolution: cause, note: note.trim() || null },
              { onSuccess: onClose },
            );
        }}
      >
        <Radio.Group
          label="What it was"
          value={cause}
          onChange={(value) => setCause(CAUSES.find((one) => one === value) ?? "other")}
        >
          <div className="stack tight" style={{ marginTop: 8 }}>
            {CAUSES.map((one) => (
              <Radio key={one} value={one} label={RESOLUTIONS[one]} />
            ))}
          </div>
        </Radio.Group>
        <Textarea
          label="Note"
          placeholder="Optional; it becomes part of the summary"
          autosize
          minRows={2}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <p className="small dim">Its rules stay quiet until they were clear once.</p>
        {resolve.error && <Refused error={resolve.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" loading={resolve.isPending}>
            Resolve alert
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
