import { Button, MultiSelect, Select, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import classes from "./alerts.module.css";
import { ConditionFields } from "./condition-fields";
import { fresh, KINDS, type Kind } from "./condition-words";
import { Minutes } from "./field-parts";
import { PreviewPanel } from "./preview-panel";
import { channelNames, places, type Rule } from "./rules-api";

export type Draft = Pick<
  Rule,
  | "deployment_id"
  | "name"
  | "condition"
  | "severity"
  | "hold_seconds"
  | "recover_seconds"
  | "channel_ids"
  | "runbook_url"
>;

interface Props {
  start: Draft;
  /** The deployment of a rule that exists is fixed. */
  fixed: boolean;
  saveLabel: string;
  busy: boolean;
  error: Error | null;
  onSave: (draft: Draft) => void;
}

const KIND_OPTIONS = Object.entries(KINDS).map(([value, label]) => ({ value, label }));
const isKind = (value: string | null): value is Kind => value !== null && value in KINDS;
const SEVERITIES: Shape<"RuleOut">["severity"][] = ["critical", "warning", "info"];

/** A rule as a sentence, and beneath it what it would have done. */
export function RuleEditor({ start, fixed, saveLabel, busy, error, onSave }: Props) {
  const [draft, setDraft] = useState(start);
  const { data: deployments } = useSuspenseQuery(places());
  const { data: channels } = useSuspenseQuery(channelNames());
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const { condition } = draft;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(draft);
      }}
    >
      <Panel title="The rule">
        <div className="stack">
          <div className={classes.sentence}>
            When
            <Select
              size="xs"
              w={280}
              aria-label="Kind of condition"
              data={KIND_OPTIONS}
              value={condition.kind ?? "down"}
              allowDeselect={false}
              onChange={(kind) => isKind(kind) && change({ condition: fresh(kind) })}
            />
            <ConditionFields value={condition} onChange={(next) => change({ condition: next })} />
            on
            <Select
              size="xs"
              w={240}
              aria-label="Deployment"
              data={deployments.map((one) => ({
                value: one.id,
                label: `${one.environment}/${one.name}`,
              }))}
              value={draft.deployment_id}
              allowDeselect={false}
              disabled={fixed}
              onChange={(deployment_id) => deployment_id && change({ deployment_id })}
            />
            for
            <Minutes
              label="Hold"
              least={0}
              value={Math.round(draft.hold_seconds / 60)}
              onChange={(minutes) => change({ hold_seconds: minutes * 60 })}
            />
            tell
            <MultiSelect
              size="xs"
              w={260}
              aria-label="Channels"
              placeholder={draft.channel_ids.length === 0 ? "the default channels" : ""}
              data={channels.map((one) => ({ value: one.id, label: one.name }))}
              value={draft.channel_ids}
              onChange={(channel_ids) => change({ channel_ids })}
            />
            with severity
            <Select
              size="xs"
              w={120}
              aria-label="Severity"
              data={SEVERITIES}
              value={draft.severity}
              allowDeselect={false}
              onChange={(value) =>
                change({ severity: SEVERITIES.find((one) => one === value) ?? "warning" })
              }
            />
          </div>
          <div className={classes.sentence}>
            It is over when it was clear for
            <Minutes
              label="Recovery"
              least={0}
              value={Math.round(draft.recover_seconds / 60)}
              onChange={(minutes) => change({ recover_seconds: minutes * 60 })}
            />
          </div>
          <div className="grid-2">
            <TextInput
              label="Name"
              required
              withAsterisk={false}
              value={draft.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <TextInput
              label="Runbook"
              placeholder="https://…, optional"
              value={draft.runbook_url ?? ""}
              onChange={(event) => change({ runbook_url: event.currentTarget.value || null })}
            />
          </div>
          {error && <Refused error={error} />}
          <div>
            <Button type="submit" loading={busy}>
              {saveLabel}
            </Button>
          </div>
        </div>
      </Panel>
      <PreviewPanel
        draft={{
          deployment_id: draft.deployment_id,
          condition,
          hold_seconds: draft.hold_seconds,
          recover_seconds: draft.recover_seconds,
          days: 30,
        }}
        onThreshold={(threshold) =>
          condition.kind === "threshold" &&
          change({ condition: { ...condition, threshold, recover_threshold: null } })
        }
      />
    </form>
  );
}
