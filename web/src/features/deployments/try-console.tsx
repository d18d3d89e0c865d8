import { Button, JsonInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Choice } from "@/ui/choice";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { useTry } from "./actions";
import { type Deployment, servedVersion } from "./api";
import { exampleRows } from "./snippets";
import { TryAnswer } from "./try-answer";
import { TryForm } from "./try-form";
import { emptyRow, isRow, type Row } from "./try-row";

const WAYS = ["form", "json"] as const;

interface Props {
  /** The deployment that is called. */
  deployment: Deployment;
  /** The version whose signature the form has. */
  version: number;
  /** The version that is to answer; `null`: as traffic is shared. */
  pinned?: number | null;
  /** Chooses where the call goes. */
  choice?: ReactNode;
}

/** Sends one real call: a form made from the signature with the example loaded, or raw JSON. */
export function TryConsole({ deployment, version, pinned = null, choice }: Props) {
  const { data } = useSuspenseQuery(servedVersion(deployment.model_id, version));
  const isTable = data.inputs.length > 0 && data.inputs.every((column) => column.shape === null);
  const examples = exampleRows(data);
  const first = examples.find(isRow) ?? emptyRow(data.inputs);
  const [way, setWay] = useState<(typeof WAYS)[number]>(isTable ? "form" : "json");
  const [row, setRow] = useState<Row>(first);
  const [json, setJson] = useState(() =>
    pretty({ rows: examples.length > 0 ? examples.slice(0, 1) : [first] }),
  );
  const send = useTry(deployment.id);
  const parsed = parse(json);
  const submit = () => {
    const where = { path: "predict" as const, ...(pinned === null ? {} : { version: pinned }) };
    if (way === "form") send.mutate({ ...where, body: { rows: [row] } });
    else if (parsed.ok) send.mutate({ ...where, body: parsed.value });
  };
  const switchTo = (next: (typeof WAYS)[number]) => {
    if (next === "json") setJson(pretty({ rows: [row] }));
    setWay(next);
  };
  return (
    <Panel
      title="Try it"
      note="Calls from here are marked and left out of the metrics."
      action={
        isTable && (
          <Choice
            label="Input"
            value={way}
            options={WAYS}
            names={{ form: "Form", json: "JSON" }}
            onChange={switchTo}
          />
        )
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            submit();
          }
        }}
      >
        {choice}
        {way === "form" ? (
          <TryForm columns={data.inputs} row={row} onChange={setRow} />
        ) : (
          <JsonInput
            label="Body"
            value={json}
            onChange={setJson}
            error={parsed.ok ? null : "This is not valid JSON."}
            autosize
            minRows={6}
            maxRows={18}
            styles={{ input: { fontFamily: "var(--font-mono)" } }}
          />
        )}
        <div className="row wrap">
          <Button type="submit" loading={send.isPending} disabled={way === "json" && !parsed.ok}>
            Send
          </Button>
          <span className="caption dim">Ctrl Enter</span>
        </div>
        {send.error && <Refused error={send.error} />}
        {send.data && <TryAnswer answer={send.data} />}
      </form>
    </Panel>
  );
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

function parse(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
