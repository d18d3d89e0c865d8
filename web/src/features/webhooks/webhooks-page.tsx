import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { AddWebhook } from "./add-webhook";
import type { Webhook } from "./api";
import { AttemptLog } from "./attempt-log";
import { WebhookList } from "./webhook-list";

/** Addresses that are told what happens in the registry, and what was sent to each. */
export function WebhooksPage() {
  const [adding, dialog] = useDisclosure(false);
  const [chosen, choose] = useState<Webhook | null>(null);
  return (
    <div className="stack">
      <Panel
        title="Webhooks"
        note="Told of models, versions, aliases and prompts, as MLflow's webhooks are"
        flush
        action={
          <Button size="xs" onClick={dialog.open}>
            Add webhook
          </Button>
        }
      >
        <View loading={<TableSkeleton rows={3} />}>
          <WebhookList
            chosen={chosen?.id ?? null}
            onChoose={choose}
            onGone={() => choose(null)}
            onAdd={dialog.open}
          />
        </View>
      </Panel>
      {chosen && (
        <View loading={<TableSkeleton rows={3} />}>
          <AttemptLog webhook={chosen} />
        </View>
      )}
      <AddWebhook opened={adding} onClose={dialog.close} />
    </div>
  );
}
