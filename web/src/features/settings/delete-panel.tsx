import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, done } from "@/api/client";
import { useMe, usePermission } from "@/api/session";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Panel } from "@/ui/panel";

/** Ends the workspace, for owners of an organisation that has another one. */
export function DeletePanel({ ws }: { ws: string }) {
  const me = useMe();
  const mayDelete = usePermission("workspaces.delete");
  const [asking, setAsking] = useState(false);
  const remove = useRemove(ws);
  const content = useQuery({
    queryKey: [ws, "workspace-content"],
    queryFn: async ({ signal }) => body(await api.GET("/api/v1/workspace/content", { signal })),
    enabled: asking,
    staleTime: 0,
  });
  const workspace = me.workspaces.find((one) => one.slug === ws);
  if (!workspace || !mayDelete) return null;
  const isLast = me.workspaces.length === 1;
  return (
    <Panel title="Delete workspace">
      <div className="stack">
        <p>
          Everybody loses access at once, and its API tokens end. Everything in it is erased. The
          audit log is kept.
        </p>
        {isLast && <p>This is your only workspace. Make another one before you delete it.</p>}
        <div>
          <Button color="red" variant="light" disabled={isLast} onClick={() => setAsking(true)}>
            Delete workspace
          </Button>
        </div>
      </div>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Delete ${workspace.name}?`}
        confirmLabel="Delete workspace"
        destructive
        typeToConfirm={ws}
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
        error={remove.error}
      >
        {content.data ? said(content.data.held) : "Counting what is in it…"} This cannot be undone.
      </ConfirmDialog>
    </Panel>
  );
}

function said(held: Record<string, number>): string {
  const kinds = Object.entries(held).map(
    ([kind, count]) => `${count.toLocaleString("en")} ${kind}`,
  );
  return kinds.length === 0 ? "It is empty." : `${kinds.join(", ")} go with it.`;
}

function useRemove(ws: string) {
  return useMutation({
    mutationFn: async () =>
      done(
        await api.DELETE("/api/v1/workspace", {
          params: { query: { confirm: ws, content: "cascade" } },
        }),
      ),
    // Everything that is loaded belongs to the workspace that is gone.
    onSuccess: () => window.location.assign("/"),
  });
}
