import { Button, Select } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useMe, usePermission } from "@/api/session";
import { isGivenRole, ROLES } from "@/lib/roles";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { type Column, DataTable } from "@/ui/data-table";
import { Refused } from "@/ui/refused";
import { statusWord, Tag } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { type Member, members, useChangeRole, useRemoveMember } from "./api";

/** The members, with their role to change and the way to remove them. */
export function MemberList() {
  const { data } = useSuspenseQuery(members());
  const { user_id: self } = useMe();
  const mayManage = usePermission("members.manage");
  const { mutate: changeRole, error } = useChangeRole();
  const remove = useRemoveMember();
  const [leaving, setLeaving] = useState<Member | null>(null);
  const columns = useMemo<Column<Member>[]>(
    () => [
      {
        id: "name",
        header: "Name",
        sortBy: (member) => member.display_name.toLowerCase(),
        cell: (member) => (
          <span className="row wrap">
            {member.display_name} {member.user_id === self && <Tag>You</Tag>}
          </span>
        ),
      },
      { id: "email", header: "E-mail", cell: (member) => member.email },
      {
        id: "role",
        header: "Role",
        width: 160,
        cell: (member) =>
          mayManage && member.role !== "owner" ? (
            <Select
              size="xs"
              w={140}
              aria-label={`Role of ${member.display_name}`}
              data={ROLES.map(({ value, label }) => ({ value, label }))}
              value={member.role}
              onChange={(role) =>
                isGivenRole(role) && changeRole({ user_id: member.user_id, role })
              }
            />
          ) : (
            statusWord(member.role)
          ),
      },
      { id: "joined", header: "Joined", cell: (member) => <Time at={member.joined_at} /> },
      { id: "seen", header: "Last seen", cell: (member) => <Time at={member.last_seen_at} /> },
      {
        id: "remove",
        header: "",
        align: "end",
        cell: (member) =>
          mayManage && member.role !== "owner" && member.user_id !== self ? (
            <Button
              variant="default"
              size="compact-xs"
              aria-label={`Remove ${member.display_name}`}
              onClick={() => setLeaving(member)}
            >
              Remove
            </Button>
          ) : null,
      },
    ],
    [self, mayManage, changeRole],
  );
  const close = () => setLeaving(null);
  return (
    <>
      {error && (
        <div style={{ padding: 16 }}>
          <Refused error={error} />
        </div>
      )}
      <DataTable
        label="Members"
        columns={columns}
        rows={data.items}
        rowKey={(member) => member.user_id}
      />
      <ConfirmDialog
        opened={leaving !== null}
        onClose={close}
        title={`Remove ${leaving?.display_name ?? ""}?`}
        confirmLabel="Remove member"
        destructive
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => leaving && remove.mutate(leaving.user_id, { onSuccess: close })}
      >
        {leaving?.email} loses access to this workspace at once, and so do the API tokens they
        created. Runs, models and deployments stay.
      </ConfirmDialog>
    </>
  );
}
