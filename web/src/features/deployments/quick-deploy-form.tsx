import { Button, UnstyledButton } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { duration } from "@/lib/format";
import { Callout } from "@/ui/callout";
import { statusWord } from "@/ui/status-badge";
import { AdvancedSetup } from "./advanced-setup";
import type { AutoConfig, Deployment, Environment } from "./api";
import { CapacityProblem, isFull } from "./capacity-problem";
import { CopyAsCode } from "./copy-as-code";
import { anHour } from "./cost";
import type { Meant } from "./deploy-code";
import { configOf, type Draft } from "./draft";
import { EngineChoice } from "./engine-choice";
import { NameProblem } from "./name-problem";
import classes from "./quick-deploy-form.module.css";
import { SetupChanged } from "./setup-changed";
import { Confidence, SetupFacts } from "./setup-facts";
import { WhereTo } from "./where-to";

interface Props {
  picked: AutoConfig;
  /** Nothing was picked: quick deploy is switched off. */
  isByHand?: boolean;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  environments: Environment[];
  /** Where the model is deployed already. */
  there: Deployment[];
  /** The deployment that this would update, `null` for a new one. */
  updates: Deployment | null;
  version: number | null;
  busy: boolean;
  error: Error | null;
  /** What the button would do. */
  code: Meant;
  onDeploy: (draft: Draft) => void;
  onCancel: () => void;
}

/** One screen: where to, the picked setup with its reasons, one button. */
export function QuickDeployForm({
  picked,
  isByHand = false,
  draft,
  onDraft,
  environments,
  there,
  updates,
  version,
  busy,
  error,
  code,
  onDeploy,
  onCancel,
}: Props) {
  const [choosing, setChoosing] = useState(false);
  const [advanced, setAdvanced] = useState(isByHand || picked.confidence !== "high");
  const [asCode, setAsCode] = useState(false);
  const primary = useRef<HTMLButtonElement>(null);
  useEffect(() => primary.current?.focus(), []);
  const config = configOf(draft, picked);
  const environment = environments.find((one) => one.slug === draft.environment);
  const place = environment?.name ?? statusWord(draft.environment);
  const cost = anHour(environment?.price, config);
  const wanted = draft.name ?? picked.suggested_name;
  const existing = there.find(
    (one) => one.environment === draft.environment && one.name === wanted,
  );
  const verb = updates
    ? `Update in ${place.toLowerCase()}`
    : picked.cpu_instead && draft.config === null
      ? "Deploy on CPU"
      : `Deploy to ${place.toLowerCase()}`;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onDeploy(draft);
      }}
    >
      <WhereTo
        picked={picked}
        draft={draft}
        onDraft={onDraft}
        environments={environments}
        place={place}
        updates={updates}
        version={version}
      />
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
      {isFull(error) ? (
        <CapacityProblem error={error} environment={draft.environment} />
      ) : (
        <NameProblem
          error={error}
          onUse={(name) => onDeploy({ ...draft, name, separate: true })}
          {...(existing
            ? { onUpdate: () => onDraft({ ...draft, name: null, separate: false }) }
            : {})}
        />
      )}
      <div className={`row between wrap ${classes.end}`}>
        <span className="small dim">
          {picked.environment_cached
            ? "Its environment is ready. "
            : "Its environment has to be built first. "}
          Live in about {duration(picked.expected_seconds)}.{cost && ` It costs ${cost}.`}
        </span>
        <div className={`row ${classes.actions}`}>
          <Button variant="subtle" aria-expanded={asCode} onClick={() => setAsCode(!asCode)}>
            Copy as code
          </Button>
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
            {verb}
          </Button>
        </div>
      </div>
      {asCode && <CopyAsCode of={code} />}
    </form>
  );
}
