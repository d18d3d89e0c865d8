import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { usePermission } from "@/api/session";
import { CodeBlock } from "@/ui/code-block";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { CreateTokenDialog } from "./create-token-dialog";
import { environmentLines } from "./environment-lines";
import { TokenList } from "./token-list";

/** The API tokens of the workspace and how to use one. */
export function TokensPage({ ws }: { ws: string }) {
  const mayCreate = usePermission("tokens.create");
  const [creating, dialog] = useDisclosure(false);
  return (
    <div className="stack">
      <Panel
        title="API tokens"
        note="For scripts, training jobs and the command line. A token belongs to this workspace and never does more than its role."
        flush
        action={
          mayCreate && (
            <Button size="xs" onClick={dialog.open}>
              Create token
            </Button>
          )
        }
      >
        <View loading={<TableSkeleton rows={3} />}>
          <TokenList onCreate={mayCreate ? dialog.open : undefined} />
        </View>
      </Panel>
      <Panel title="Use it with MLflow">
        <CodeBlock wrap label="environment lines" code={environmentLines("<your API token>")} />
      </Panel>
      <CreateTokenDialog ws={ws} opened={creating} onClose={dialog.close} />
    </div>
  );
}
