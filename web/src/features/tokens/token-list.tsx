import { Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { statusWord } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Token, tokens, useRevokeToken } from "./api";

/** The tokens that work, and the way to end one. */
export function TokenList({ onCreate }: { onCreate: (() => void) | undefined }) {
  const { data } = useSuspenseQuery(tokens());
  const mayRevoke = usePermission("tokens.create");
  const revoke = useRevokeToken();
  const [ending, setEnding] = useState<Token | null>(null);
  const columns = useMemo<Column<Token>[]>(
    () => [
      {
        id: "name",
        header: "Name",
        sortBy: (token) => token.name.toLowerCase(),
        cell: (token) => token.name,
      },
      {
        id: "id",
        header: "Token",
        cell: (token) => <code className="dim">mlp_{token.public_id}_…</code>,
      },
      { id: "role", header: "Role", cell: (token) => statusWord(token.role) },
      { id: "created", header: "Created", cell: (token) => <Time at={token.created_at} /> },
      {
        id: "used",
        header: "Last used",
        cell: (token) =>
          token.last_used_at ? (
            <Time at={token.last_used_at} />
          ) : (
            <span className="dim">Never</span>
          ),
      },
      {
        id: "expires",
        header: "Expires",
        cell: (token) =>
          token.expires_at ? <Time at={token.expires_at} /> : <span className="dim">Never</span>,
      },
      {
        id: "revoke",
        header: "",
        align: "end",
        cell: (token) =>
          mayRevoke ? (
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Revoke ${token.name}`}
              onClick={() => setEnding(token)}
            >
              Revoke
            </Button>
          ) : null,
      },
    ],
    [mayRevoke],
  );
  if (data.items.length === 0) {
    return (
      <EmptyState
        icon={<IconKey size={22} stroke={1.7} />}
        title="No API tokens yet"
        action={onCreate && <Button onClick={onCreate}>Create token</Button>}
      >
        A token lets code track runs, register models and deploy them in this workspace.
      </EmptyState>
    );
  }
  const close = () => setEnding(null);
  return (
    <>
      <DataTable
        label="API tokens"
        columns={columns}
        rows={data.items}
        rowKey={(token) => token.id}
      />
      <ConfirmDialog
        opened={ending !== null}
        onClose={close}
        title={`Revoke ${ending?.name ?? ""}?`}
        confirmLabel="Revoke token"
        destructive
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => ending && revoke.mutate(ending.id, { onSuccess: close })}
      >
        Every script that uses it is refused from its next request on. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}
