import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { CodeBlock } from "@/ui/code-block";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import type { MadeClient, OAuthClient } from "./api";
import { ClientList } from "./client-list";
import { CreateClient } from "./create-client";
import { RotateClient } from "./rotate-client";
import { ShownOnce } from "./shown-once";
import { CALL_LINES, tokenLines } from "./snippets";

/** The OAuth clients of the workspace and how a program gets a token. */
export function OAuthClientsPanels() {
  const mayManage = usePermission("keys.manage");
  const [creating, dialog] = useDisclosure(false);
  const [rotating, setRotating] = useState<OAuthClient | null>(null);
  const [made, setMade] = useState<MadeClient | null>(null);
  return (
    <>
      <Panel
        title="OAuth clients"
        note="For programs that call deployments: id and secret get access tokens of an hour (OAuth 2.0, client credentials), which open every deployment the client may call."
        flush
        action={
          mayManage && (
            <Button size="xs" onClick={dialog.open}>
              Create client
            </Button>
          )
        }
      >
        <View loading={<TableSkeleton rows={3} />}>
          <ClientList onCreate={mayManage ? dialog.open : undefined} onRotate={setRotating} />
        </View>
      </Panel>
      <Panel title="Get and use an access token">
        <div className="stack tight">
          <CodeBlock wrap label="token lines" code={tokenLines("<client id>", "<secret>")} />
          <CodeBlock wrap label="call line" code={CALL_LINES} />
        </div>
      </Panel>
      <CreateClient opened={creating} onClose={dialog.close} onMade={setMade} />
      <RotateClient of={rotating} onClose={() => setRotating(null)} onMade={setMade} />
      <ShownOnce made={made} onClose={() => setMade(null)} />
    </>
  );
}
