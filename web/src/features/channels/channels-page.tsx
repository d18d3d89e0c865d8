import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { AddChannel } from "./add-channel";
import { ChannelList } from "./channel-list";
import { DeliveryLog } from "./delivery-log";

/** Who is told, over what, and whether it arrived. */
export function ChannelsPage() {
  const mayManage = usePermission("channels.manage");
  const [adding, dialog] = useDisclosure(false);
  return (
    <div className="stack">
      <Panel
        title="Channels"
        note="Alerts go to the default ones unless a rule names others"
        flush
        action={
          mayManage && (
            <Button size="xs" onClick={dialog.open}>
              Add channel
            </Button>
          )
        }
      >
        <View loading={<TableSkeleton rows={3} />}>
          <ChannelList onAdd={mayManage ? dialog.open : undefined} />
        </View>
      </Panel>
      <View loading={<TableSkeleton rows={3} />}>
        <DeliveryLog />
      </View>
      <AddChannel opened={adding} onClose={dialog.close} />
    </div>
  );
}
