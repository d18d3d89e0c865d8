import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "@/api/client";
import { session, useMe, usePermission } from "@/api/session";
import { CopyField } from "@/ui/copy-field";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { DeletePanel } from "./delete-panel";
import { SigningKey } from "./signing-key";

/** The name of the workspace and what is fixed about it. */
export function GeneralPanel({ ws }: { ws: string }) {
  const me = useMe();
  const mayManage = usePermission("workspace.manage");
  const workspace = me.workspaces.find((one) => one.slug === ws);
  const [name, setName] = useState(workspace?.name ?? "");
  const rename = useRename();
  if (!workspace) return null;
  return (
    <div className="stack loose">
      <Panel title="Workspace">
        <form
          className="stack"
          style={{ maxWidth: 480 }}
          onSubmit={(event) => {
            event.preventDefault();
            rename.mutate(name);
          }}
        >
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
            withAsterisk={false}
            disabled={!mayManage}
            {...(mayManage ? {} : { description: "Needs the Admin role." })}
          />
          <Facts
            of={[
              [
                "Address",
                <CopyField key="slug" value={workspace.slug} label="workspace address" />,
              ],
              ["Organisation", me.organisation_name],
              ["Created", <Time key="created" at={workspace.created_at} absolute />],
            ]}
          />
          {rename.error && <Refused error={rename.error} />}
          {mayManage && (
            <div>
              <Button
                type="submit"
                loading={rename.isPending}
                disabled={name.trim() === "" || name === workspace.name}
              >
                Save name
              </Button>
            </div>
          )}
        </form>
      </Panel>
      <View>
        <SigningKey />
      </View>
      <DeletePanel ws={ws} />
    </div>
  );
}

function useRename() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) =>
      body(await api.PATCH("/api/v1/workspace", { body: { name } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: session().queryKey });
      notifications.show({ message: "The workspace has its new name." });
    },
  });
}
