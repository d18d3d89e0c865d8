import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { IconLock, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { type Model, useRemoveAlias, useSetAlias } from "./api";

/** Which version each alias points at; protected ones move with a permission only. */
export function ModelAliases({ model }: { model: Model }) {
  const mayWrite = usePermission("models.write");
  const mayMoveProtected = usePermission("aliases.move_protected");
  const set = useSetAlias(model.id);
  const remove = useRemoveAlias(model.id);
  const error = set.error ?? remove.error;
  const isProtected = (alias: string) => model.protected_aliases.includes(alias);
  const numbers = Array.from({ length: Math.min(model.latest_version ?? 0, 500) }, (_, back) =>
    String((model.latest_version ?? 0) - back),
  );
  return (
    <Panel title="Aliases" note="Names that move from version to version">
      <div className="stack">
        {Object.keys(model.aliases).length === 0 && (
          <p className="dim">None points anywhere yet.</p>
        )}
        <ul className="stack tight">
          {Object.entries(model.aliases).map(([alias, version]) => {
            const mayMove = mayWrite && (!isProtected(alias) || mayMoveProtected);
            return (
              <li key={alias} className="row wrap">
                <strong>{alias}</strong>
                {isProtected(alias) && <Protected />}
                {mayMove ? (
                  <Select
                    aria-label={`Version of ${alias}`}
                    size="xs"
                    style={{ width: 96 }}
                    searchable
                    allowDeselect={false}
                    data={numbers.map((value) => ({ value, label: `v${value}` }))}
                    value={String(version)}
                    onChange={(chosen) => chosen && set.mutate({ alias, version: Number(chosen) })}
                  />
                ) : (
                  <Link
                    to="/w/$ws/models/$model/v/$version"
                    params={{ ...here(), model: model.id, version: String(version) }}
                  >
                    version {version}
                  </Link>
                )}
                {mayMove && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={26}
                    aria-label={`Remove alias ${alias}`}
                    loading={remove.isPending && remove.variables === alias}
                    onClick={() => remove.mutate(alias)}
                  >
                    <IconX size={14} />
                  </ActionIcon>
                )}
              </li>
            );
          })}
        </ul>
        {mayWrite && model.latest_version !== null && (
          <NewAlias latest={model.latest_version} set={set} />
        )}
        {error && <Refused error={error} />}
      </div>
    </Panel>
  );
}

function Protected() {
  return (
    <span className="row small dim" style={{ gap: 4 }}>
      <IconLock size={14} aria-hidden /> Protected
    </span>
  );
}

function NewAlias({ latest, set }: { latest: number; set: ReturnType<typeof useSetAlias> }) {
  const [alias, setAlias] = useState("");
  return (
    <form
      className="row wrap"
      onSubmit={(event) => {
        event.preventDefault();
        const made = { alias: alias.trim(), version: latest };
        set.mutate(made, { onSuccess: () => setAlias("") });
      }}
    >
      <TextInput
        aria-label="New alias"
        placeholder="champion"
        value={alias}
        onChange={(event) => setAlias(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={set.isPending} disabled={!alias.trim()}>
        Point at v{latest}
      </Button>
    </form>
  );
}
