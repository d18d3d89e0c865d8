import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Column, DataTable } from "@/ui/data-table";
import { EmptyState } from "@/ui/empty-state";
import { Refused } from "@/ui/refused";
import { statusWord } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Invitation, invitations, useWithdraw } from "./api";

/** Invitations that nobody has accepted yet. */
export function InvitationList() {
  const { data } = useSuspenseQuery(invitations());
  const { mutate: withdraw, isPending, variables, error } = useWithdraw();
  const columns = useMemo<Column<Invitation>[]>(
    () => [
      { id: "email", header: "E-mail", cell: (invitation) => invitation.email },
      { id: "role", header: "Role", cell: (invitation) => statusWord(invitation.role) },
      { id: "sent", header: "Invited", cell: (invitation) => <Time at={invitation.created_at} /> },
      {
        id: "expires",
        header: "Expires",
        cell: (invitation) => <Time at={invitation.expires_at} />,
      },
      {
        id: "withdraw",
        header: "",
        align: "end",
        cell: (invitation) => (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={`Withdraw invitation of ${invitation.email}`}
            loading={isPending && variables === invitation.id}
            onClick={() => withdraw(invitation.id)}
          >
            Withdraw
          </Button>
        ),
      },
    ],
    [withdraw, isPending, variables],
  );
  if (data.items.length === 0) {
    return (
      <EmptyState title="No open invitations">
        An invitation makes a link that works once. Send it yourself, or let the server mail it.
      </EmptyState>
    );
  }
  return (
    <>
      {error && <Refused error={error} />}
      <DataTable
        label="Pending invitations"
        columns={columns}
        rows={data.items}
        rowKey={(invitation) => invitation.id}
      />
    </>
  );
}
