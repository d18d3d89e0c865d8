import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { InvitationList } from "./invitation-list";
import { InviteDialog } from "./invite-dialog";
import { MemberList } from "./member-list";

/** Who is in the workspace, with which role, and who is invited. */
export function MembersPage() {
  const mayManage = usePermission("members.manage");
  const [inviting, dialog] = useDisclosure(false);
  return (
    <div className="stack">
      <Panel
        title="Members"
        flush
        action={
          mayManage && (
            <Button size="xs" onClick={dialog.open}>
              Invite member
            </Button>
          )
        }
      >
        <View loading={<TableSkeleton rows={3} />}>
          <MemberList />
        </View>
      </Panel>
      {mayManage && (
        <Panel title="Pending invitations" flush>
          <View loading={<TableSkeleton rows={2} />}>
            <InvitationList />
          </View>
        </Panel>
      )}
      <InviteDialog opened={inviting} onClose={dialog.close} />
    </div>
  );
}
