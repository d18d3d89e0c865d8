import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Tag } from "@/ui/status-badge";
import type { Model } from "./api";
import { useProtect } from "./page-api";

/** The aliases that only some may move, on every model of the workspace. */
export function ProtectedAliases({ model }: { model: Model }) {
  const mayManage = usePermission("workspace.manage");
  const [alias, setAlias] = useState("");
  const protect = useProtect();
  return (
    <Panel title="Protected in this workspace" note="Moving these needs aliases.move_protected">
      <div className="stack">
        {model.protected_aliases.length === 0 && <p className="dim">No alias is protected.</p>}
        <ul className="row wrap">
          {model.protected_aliases.map((one) => (
            <li key={one} className="row" style={{ gap: 2 }}>
              <Tag>{one}</Tag>
              {mayManage && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={26}
                  aria-label={`Stop protecting ${one}`}
                  onClick={() => protect.mutate({ alias: one, isProtected: false })}
                >
                  <IconX size={14} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
        {mayManage && (
          <form
            className="row wrap"
            onSubmit={(event) => {
              event.preventDefault();
              const made = { alias: alias.trim(), isProtected: true };
              protect.mutate(made, { onSuccess: () => setAlias("") });
            }}
          >
            <TextInput
              aria-label="Alias to protect"
              placeholder="champion"
              value={alias}
              onChange={(event) => setAlias(event.currentTarget.value)}
            />
            <Button
              type="submit"
              variant="default"
              loading={protect.isPending}
              disabled={!alias.trim()}
            >
              Protect alias
            </Button>
          </form>
        )}
        {protect.error && <Refused error={protect.error} />}
      </div>
    </Panel>
  );
}
