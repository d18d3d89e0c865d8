import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Tag } from "@/ui/status-badge";
import type { Model } from "./api";
import { useRemoveTag, useSetTag } from "./page-api";

/** Tags of a model: short facts to search by. */
export function ModelTags({ model, mayWrite }: { model: Model; mayWrite: boolean }) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const set = useSetTag(model.id);
  const remove = useRemoveTag(model.id);
  const tags = Object.entries(model.tags);
  const error = set.error ?? remove.error;
  return (
    <Panel title="Tags">
      <div className="stack">
        {tags.length === 0 && <p className="dim">None yet.</p>}
        <ul className="row wrap">
          {tags.map(([name, text]) => (
            <li key={name} className="row" style={{ gap: 2 }}>
              <Tag>
                {name}: {text}
              </Tag>
              {mayWrite && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={26}
                  aria-label={`Remove tag ${name}`}
                  loading={remove.isPending && remove.variables === name}
                  onClick={() => remove.mutate(name)}
                >
                  <IconX size={14} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
        {mayWrite && (
          <form
            className="row wrap"
            onSubmit={(event) => {
              event.preventDefault();
              const tag = { key: key.trim(), value: value.trim() };
              set.mutate(tag, {
                onSuccess: () => {
                  setKey("");
                  setValue("");
                },
              });
            }}
          >
            <TextInput
              aria-label="Tag name"
              placeholder="team"
              style={{ flex: "1 1 90px" }}
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <TextInput
              aria-label="Tag value"
              placeholder="growth"
              style={{ flex: "1 1 90px" }}
              value={value}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" loading={set.isPending} disabled={!key.trim()}>
              Set tag
            </Button>
          </form>
        )}
        {error && <Refused error={error} />}
      </div>
    </Panel>
  );
}
