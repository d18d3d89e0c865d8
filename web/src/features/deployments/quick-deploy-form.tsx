import { Button, Select, TextInput, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { duration } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { statusWord } from "@/ui/status-badge";
import { AdvancedSetup } from "./advanced-setup";
import { type AutoConfig, type Deployment, environmentList } from "./api";
import { configOf, type Draft } from "./draft";
import { EngineChoice } from "./engine-choice";
import { NameProblem } from "./name-problem";
import { SetupChanged } from "./setup-changed";
import { Confidence, SetupFacts } from "./setup-facts";

interface Props {
  picked: AutoConfig;
  /** Nothing was picked: quick deploy is switched off. */
  isByHand?: boolean;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  /** The deployment that this would update, `null` for a new one. */
  updates: Deployment | null;
  busy: boolean;
  error: Error | null;
  onDeploy: (draft: Draft) => void;
  onCancel: () => void;
}

/** One screen: where to, the picked setup with its reasons, one button. */
export function QuickDeployForm({
  picked,
  isByHand = false,
  draft,
  onDraft,
  updates,
  busy,
  error,
  onDeploy,
  onCancel,
}: Props) {
  const [choosing, setChoosing] = useState(false);
  const [advanced, setAdvanced] = useState(isByHand || picked.confidence !== "high");
  const primary = useRef<HTMLButtonElement>(null);
  useEffect(() => primary.current?.focus(), []);
  const environments = useQuery(environmentList()).data ?? [];
  const config = configOf(draft, picked);
  const place =
    environments.find((one) => one.slug === draft.environment)?.name ??
    statusWord(draft.environment);
  const fixed = draft.retryOf !== null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onDeploy(draft);
      }}
    >
      <div className="grid-2">
        <Select
          label="Environment"
          data={
            environments.length > 0
              ? environments.map((one) => ({ value: one.slug, label: one.name }))
              : [place]
          }
          value={environments.length > 0 ? draft.environment : place}
          disabled={fixed}
          onChange={(environment) => environment && onDraft({ ...draft, environment, name: null })}
        />
        <TextInput
          label="Name in the address"
          styles={{ input: { fontFamily: "var(--font-mono)" } }}
          value={updates ? updates.name : (draft.name ?? picked.suggested_name)}
          disabled={fixed}
          onChange={(event) => onDraft({ ...draft, name: event.currentTarget.value })}
        />
      </div>
      {updates && !fixed && (
        <Callout
          title={`${updates.environment}/${updates.name} is there already`}
          action={
            <Button
              variant="default"
              size="xs"
              onClick={() => onDraft({ ...draft, separate: true })}
            >
              Deploy separately
            </Button>
          }
        >
          {updates.live_revision
            ? `It keeps serving version ${updates.live_revision.version} until the new one has passed its checks.`
            : "It serves nothing at the moment. This version becomes its next revision."}
        </Callout>
      )}
      {!isByHand && (
        <section className="stack tight" aria-label="Setup">
          <div className="row between wrap">
            <strong>We picked this setup</strong>
            <Confidence of={picked.confidence} />
          </div>
          <SetupFacts picked={picked} config={config} />
          <div>
            <UnstyledButton
              c="accent"
              fz="sm"
              aria-expanded={choosing}
              onClick={() => setChoosing(!choosing)}
            >
              Wrong engine? Choose another
            </UnstyledButton>
          </div>
          {choosing && (
            <EngineChoice
              picked={picked}
              engine={config.engine}
              onChange={(engine) => onDraft({ ...draft, config: { ...config, engine } })}
            />
          )}
        </section>
      )}
      {picked.warnings.map((warning) => (
        <Callout key={warning} tone="warn">
          {warning}
        </Callout>
      ))}
      <section className="stack tight" aria-label="Advanced">
        <div>
          <UnstyledButton
            c="accent"
            fz="sm"
            aria-expanded={advanced}
            onClick={() => setAdvanced(!advanced)}
          >
            Advanced
          </UnstyledButton>
        </div>
        {advanced && (
          <AdvancedSetup
            picked={picked}
            config={config}
            onChange={(next) => onDraft({ ...draft, config: next })}
          />
        )}
      </section>
      <SetupChanged error={error} onAccept={() => onDeploy({ ...draft, acceptChanges: true })} />
      <NameProblem error={error} onUse={(name) => onDeploy({ ...draft, name, separate: true })} />
      <div className="row between wrap">
        <span className="small dim">
          {picked.environment_cached
            ? "Its environment is ready. "
            : "Its environment has to be built first. "}
          Live in about {duration(picked.expected_seconds)}.
        </span>
        <div className="row">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button
            type="submit"
            ref={primary}
            loading={busy}
            disabled={!picked.is_runnable && draft.config === null}
            data-autofocus
          >
            {updates ? `Update in ${place.toLowerCase()}` : `Deploy to ${place.toLowerCase()}`}
          </Button>
        </div>
      </div>
    </form>
  );
}
