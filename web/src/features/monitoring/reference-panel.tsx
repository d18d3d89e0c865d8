import { Button, Checkbox, FileButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { plural } from "@/lib/format";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { reference, useRemoveReference, useUploadReference } from "./estimate-api";

/** Labelled rows that estimates are learned from: what is there, and a new file. */
export function ReferenceActions({ id }: { id: string }) {
  const { data } = useQuery(reference(id));
  const upload = useUploadReference(id);
  const remove = useRemoveReference(id);
  const mayManage = usePermission("monitoring.manage");
  const [isBaseline, setBaseline] = useState(false);
  const refused = upload.error ?? remove.error;
  return (
    <div className="stack">
      {data && (
        <p className="small">
          Reference <b>{data.name}</b>: {plural(data.rows, "row")} of version {data.version}, by{" "}
          {data.created_by_name}, <Time at={data.created_at} />
          {data.is_baseline && ". Drift is measured against it"}
          {!data.has_outcomes && ". It has no outcomes, so nothing can be learned from it"}
          {!data.has_answers && ". It has no scores or numbers of the model"}.
        </p>
      )}
      {mayManage && (
        <div className="row wrap">
          <FileButton
            accept=".csv,.parquet"
            onChange={(file) => {
              if (file) upload.mutate({ file, isBaseline });
            }}
          >
            {(props) => (
              <Button {...props} variant="default" size="xs" loading={upload.isPending}>
                {data ? "Replace reference" : "Upload reference"}
              </Button>
            )}
          </FileButton>
          <Checkbox
            size="xs"
            label="Measure drift against it too"
            checked={isBaseline}
            onChange={(event) => setBaseline(event.currentTarget.checked)}
          />
          {data && (
            <Button
              variant="default"
              size="xs"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Remove reference
            </Button>
          )}
        </div>
      )}
      {refused && <Refused error={refused} />}
    </div>
  );
}
