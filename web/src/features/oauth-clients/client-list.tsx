import { Button } from "@mantine/core";
import { IconApps } from "@tabler/icons-react";
import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { usePermission } from "@/api/session";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { CopyField } from "@/ui/copy-field";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Time } from "@/ui/time";
import { type OAuthClient, oauthClients, useRevokeClient } from "./api";

interface Props {
  onCreate: (() => void) | undefined;
  onRotate: (client: OAuthClient) => void;
}

/** The clients that get tokens, with the ways to rotate and to end one. */
export function ClientList({ onCreate, onRotate }: Props) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useSuspenseInfiniteQuery(
    oauthClients(),
  );
  const mayManage = usePermission("keys.manage");
  const revoke = useRevokeClient();
  const [ending, setEnding] = useState<OAuthClient | null>(null);
  const columns = useMemo(() => columnsOf(mayManage, onRotate, setEnding), [mayManage, onRotate]);
  const rows = data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <EmptyState
        icon={<IconApps size={22} stroke={1.7} />}
        title="No OAuth clients yet"
        action={onCreate && <Button onClick={onCreate}>Create client</Button>}
      >
        A client lets a program call every deployment of the workspace with one secret.
      </EmptyState>
    );
  }
  const close = () => setEnding(null);
  return (
    <>
      <DataTable
        label="OAuth clients"
        columns={columns}
        rows={rows}
        rowKey={(one) => one.id}
        onMore={hasNextPage ? () => void fetchNextPage() : undefined}
        loadingMore={isFetchingNextPage}
      />
      <ConfirmDialog
        opened={ending !== null}
        onClose={close}
        title={`Revoke ${ending?.name ?? ""}?`}
        confirmLabel="Revoke client"
        destructive
        busy={revoke.isPending}
        error={revoke.error}
        onConfirm={() => ending && revoke.mutate(ending.id, { onSuccess: close })}
      >
        Every program that uses it is refused within a second, with the access tokens it has. This
        cannot be undone.
      </ConfirmDialog>
    </>
  );
}

function columnsOf(
  mayManage: boolean,
  onRotate: (client: OAuthClient) => void,
  onRevoke: (client: OAuthClient) => void,
): Column<OAuthClient>[] {
  return [
    {
      id: "name",
      header: "Name",
      sortBy: (one) => one.name.toLowerCase(),
      cell: (one) => (
        <div>
          {one.name}
          <div className="caption dim">
            <CopyField value={one.client_id} label={`client id of ${one.name}`} />
          </div>
          {one.old_secret_until && isAhead(one.old_secret_until) && (
            <div className="caption dim">
              Old secret works until <Time at={one.old_secret_until} />
            </div>
          )}
        </div>
      ),
    },
    { id: "may", header: "May", cell: (one) => one.scopes.map(wordOf).join(", ") },
    {
      id: "environments",
      header: "Environments",
      cell: (one) => one.environments?.join(", ") ?? "All",
    },
    {
      id: "limit",
      header: "A minute",
      align: "end",
      cell: (one) => one.requests_per_minute ?? <span className="dim">No limit</span>,
    },
    {
      id: "used",
      header: "Last used",
      cell: (one) =>
        one.last_used_at ? <Time at={one.last_used_at} /> : <span className="dim">Never</span>,
    },
    {
      id: "act",
      header: "",
      align: "end",
      cell: (one) =>
        mayManage ? (
          <span className="row" style={{ justifyContent: "flex-end" }}>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Rotate ${one.name}`}
              onClick={() => onRotate(one)}
            >
              Rotate
            </Button>
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Revoke ${one.name}`}
              onClick={() => onRevoke(one)}
            >
              Revoke
            </Button>
          </span>
        ) : null,
    },
  ];
}

const isAhead = (at: string) => Date.parse(at) > Date.now();
const wordOf = (scope: string) => (scope === "feedback" ? "send outcomes" : "predict");
