import { Button, MultiSelect, NumberInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { channelNames, type Policy, policy, useSetPolicy } from "./rules-api";

/** How patient the workspace is: waiting, repeating, escalating. */
export function PolicyPanel() {
  const { data } = useSuspenseQuery(policy());
  const { data: channels } = useSuspenseQuery(channelNames());
  const mayManage = usePermission("alerts.manage");
  const [draft, setDraft] = useState<Policy>(data);
  const save = useSetPolicy();
  const set = (part: Partial<Policy>) => setDraft({ ...draft, ...part });
  return (
    <Panel title="Patience">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(draft, {
            onSuccess: () => notifications.show({ message: "The patience is saved." }),
          });
        }}
      >
        <NumberInput
          label="Wait for signals that belong together"
          suffix=" s"
          min={0}
          max={3600}
          disabled={!mayManage}
          value={draft.group_wait_seconds ?? 30}
          onChange={(value) => typeof value === "number" && set({ group_wait_seconds: value })}
        />
        <NumberInput
          label="Tell again after"
          suffix=" min"
          min={5}
          max={10_080}
          disabled={!mayManage}
          value={draft.repeat_minutes ?? 240}
          onChange={(value) => typeof value === "number" && set({ repeat_minutes: value })}
        />
        <NumberInput
          label="Escalate without acknowledgement after"
          description="0: never"
          suffix=" min"
          min={0}
          max={10_080}
          disabled={!mayManage}
          value={draft.escalate_minutes ?? 30}
          onChange={(value) => typeof value === "number" && set({ escalate_minutes: value })}
        />
        <MultiSelect
          label="Escalate to"
          placeholder={draft.escalation_channel_ids?.length ? "" : "The rule's own channels"}
          data={channels.map((one) => ({ value: one.id, label: one.name }))}
          disabled={!mayManage}
          value={draft.escalation_channel_ids ?? []}
          onChange={(escalation_channel_ids) => set({ escalation_channel_ids })}
        />
        {save.error && <Refused error={save.error} />}
        {mayManage && (
          <div>
            <Button type="submit" variant="default" loading={save.isPending}>
              Save
            </Button>
          </div>
        )}
      </form>
    </Panel>
  );
}
