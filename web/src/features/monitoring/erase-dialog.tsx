import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { plural } from "@/lib/format";
import { Refused } from "@/ui/refused";
import { useFocusBack } from "@/ui/use-focus-back";
import { type Capture, useErase } from "./capture-api";

interface Props {
  id: string;
  now: Capture;
  onClose: () => void;
}

/** Removes every kept call that names somebody. */
export function EraseDialog({ id, now, onClose }: Props) {
  useFocusBack();
  const erase = useErase(id);
  const [column, setColumn] = useState(now.entity_column);
  const [value, setValue] = useState("");
  const gone = erase.data;
  return (
    <Modal opened onClose={onClose} title="Erase a person from kept rows">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          erase.mutate({ value, column });
        }}
      >
        <p>
          Calls with this value disappear from the kept rows, the prediction log and the outcomes.
          Counts stay. It cannot be undone, and the audit log keeps that it happened.
        </p>
        <Select
          label="Column"
          data={now.columns.map((one) => one.name)}
          value={column}
          onChange={setColumn}
        />
        <TextInput
          label="Value"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          autoComplete="off"
        />
        {erase.error && <Refused error={erase.error} />}
        {gone && (
          <p role="status">
            {plural(gone.calls, "call")} erased, {plural(gone.rows, "row")} in{" "}
            {plural(gone.segments, "file")}.
          </p>
        )}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button
            type="submit"
            color="red"
            loading={erase.isPending}
            disabled={!value || column === null}
          >
            Erase
          </Button>
        </div>
      </form>
    </Modal>
  );
}
