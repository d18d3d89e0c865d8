import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Tag } from "@/ui/status-badge";
import { useRemoveAlias, useSetAlias, type Version } from "./api";

/** The names that point at this version; setting one takes it from the version that had it. */
export function Aliases({ version }: { version: Version }) {
  const [alias, setAlias] = useState("");
  const set = useSetAlias(version.model_id);
  const remove = useRemoveAlias(version.model_id);
  const mayWrite = usePermission("models.write");
  return (
    <Panel title="Aliases" note="A name that moves from version to version">
      <div className="stack">
        {version.aliases.length === 0 && <p className="dim">None points at this version.</p>}
        <ul className="row wrap">
          {version.aliases.map((one) => (
            <li key={one} className="row" style={{ gap: 2 }}>
              <Tag>{one}</Tag>
              {mayWrite && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={26}
                  aria-label={`Remove alias ${one}`}
                  loading={remove.isPending && remove.variables === one}
                  onClick={() => remove.mutate(one)}
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
              set.mutate(
                { alias: alias.trim(), version: version.version },
                { onSuccess: () => setAlias("") },
              );
            }}
          >
            <TextInput
              aria-label="New alias"
              placeholder="champion"
              value={alias}
              onChange={(event) => setAlias(event.currentTarget.value)}
            />
            <Button
              type="submit"
              variant="default"
              loading={set.isPending}
              disabled={!alias.trim()}
            >
              Set alias
            </Button>
          </form>
        )}
        {(set.error ?? remove.error) && (
          <Refused error={set.error ?? remove.error ?? new Error()} />
        )}
      </div>
    </Panel>
  );
}
