import { Button, Textarea } from "@mantine/core";
import { useState } from "react";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { type Model, useDescribeModel } from "./api";

/** What the model is for, in the words of its people. */
export function Description({ model, mayWrite }: { model: Model; mayWrite: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const describe = useDescribeModel(model.id);
  if (text === null) {
    const edit = mayWrite && (
      <Button variant="default" size="xs" onClick={() => setText(model.description)}>
        Edit description
      </Button>
    );
    return (
      <Panel title="Description" action={edit}>
        {model.description ? (
          <p style={{ whiteSpace: "pre-wrap", maxWidth: "72ch" }}>{model.description}</p>
        ) : (
          <p className="dim">
            Nobody has described this model yet: what it is for, and what it is not for.
          </p>
        )}
      </Panel>
    );
  }
  return (
    <Panel title="Description">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          describe.mutate(text.trim(), { onSuccess: () => setText(null) });
        }}
      >
        <Textarea
          aria-label="Description"
          autosize
          minRows={3}
          autoFocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {describe.error && <Refused error={describe.error} />}
        <div className="row">
          <Button type="submit" loading={describe.isPending}>
            Save description
          </Button>
          <Button variant="default" onClick={() => setText(null)}>
            Cancel
          </Button>
        </div>
      </form>
    </Panel>
  );
}
