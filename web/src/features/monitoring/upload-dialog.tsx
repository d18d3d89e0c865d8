import { Button, FileInput, Modal } from "@mantine/core";
import { useState } from "react";
import { FormActions } from "@/ui/form-actions";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import type { useUploadOutcomes } from "./outcome-api";
import { WithinDays } from "./source-columns";

interface Props {
  upload: ReturnType<typeof useUploadOutcomes>;
  onClose: () => void;
}

/** Takes a file of outcomes that name their prediction, or whom it was about and when. */
export function UploadDialog({ upload, onClose }: Props) {
  useFocusBack();
  const [file, setFile] = useState<File | null>(null);
  const [days, setDays] = useState(30);
  return (
    <Modal opened onClose={onClose} title="Upload outcomes">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const within_seconds = Math.round(days * 86_400);
          if (file) upload.mutate({ file, within_seconds }, { onSuccess: onClose });
        }}
      >
        <FileInput
          label="CSV or Parquet file"
          placeholder="Choose a file"
          accept=".csv,.parquet"
          value={file}
          onChange={setFile}
        />
        <p className="small dim">
          Columns <code>prediction_id</code> and <code>value</code>, perhaps <code>at</code> and{" "}
          <code>row</code>. Or, where capture names an entity column, <code>entity</code>,{" "}
          <code>at</code> and <code>value</code>, perhaps <code>since</code>: each is of the
          entity's latest prediction up to that time.
        </p>
        <WithinDays value={days} set={({ within_days }) => setDays(within_days)} />
        {upload.error && <Refused error={upload.error} />}
        <FormActions onCancel={onClose}>
          <Button type="submit" disabled={!file} loading={upload.isPending}>
            Upload
          </Button>
        </FormActions>
      </form>
    </Modal>
  );
}
