import { Button, Select } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Callout } from "@/ui/callout";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { Adoption } from "./adoption";
import { type Flag, flagList, useDecide, useForget } from "./api";
import { InstallationRule } from "./installation-rule";

/** Features that are switched on step by step: who has them, and how they do. */
export function FlagsPage() {
  const { data } = useSuspenseQuery(flagList());
  return (
    <div className="stack loose">
      {data.map((flag) => (
        <FlagPanel key={flag.key} flag={flag} />
      ))}
      <Adoption />
    </div>
  );
}

const DECISIONS = [
  { value: "default", label: "As for everybody" },
  { value: "on", label: "On" },
  { value: "off", label: "Off" },
];

function FlagPanel({ flag }: { flag: Flag }) {
  const decide = useDecide(flag.key);
  const forget = useForget(flag.key);
  const own = flag.organisation === null ? "default" : flag.organisation ? "on" : "off";
  return (
    <Panel
      title={flag.title}
      note={flag.description}
      action={
        <StatusBadge tone={flag.is_on ? "ok" : "idle"}>
          {flag.is_on ? "On for you" : "Off for you"}
        </StatusBadge>
      }
    >
      <div className="stack">
        {flag.stale && (
          <Callout tone="warn" title="This flag should be removed from the code">
            {flag.stale}
          </Callout>
        )}
        <Facts
          of={[
            [
              "Key",
              <code key="key" style={{ overflowWrap: "anywhere" }}>
                {flag.key}
              </code>,
            ],
            ["Why", flag.why],
            [
              "This organisation",
              <Select
                key="own"
                aria-label="This organisation"
                size="xs"
                maw={180}
                allowDeselect={false}
                data={DECISIONS}
                value={own}
                onChange={(next) => decide.mutate(next === "default" ? null : next === "on")}
              />,
            ],
            [
              "People",
              flag.people.length === 0 ? (
                "Nobody has a decision of their own."
              ) : (
                <ul key="people" className="plain">
                  {flag.people.map((one) => (
                    <li key={one.user_id} className="row">
                      {one.name}: {one.is_on ? "on" : "off"}
                      <Button
                        size="compact-xs"
                        variant="default"
                        onClick={() => forget.mutate(one.user_id)}
                      >
                        Take back
                      </Button>
                    </li>
                  ))}
                </ul>
              ),
            ],
            [
              "Rollout plan",
              <ol key="plan" style={{ margin: 0, paddingLeft: "1.2em", listStyle: "decimal" }}>
                {flag.plan.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>,
            ],
            [
              "Last change",
              flag.updated_at ? (
                <span key="change">
                  <Time at={flag.updated_at} /> by {flag.updated_by_name}
                </span>
              ) : (
                "Never"
              ),
            ],
          ]}
        />
        {decide.error && <Refused error={decide.error} />}
        {forget.error && <Refused error={forget.error} />}
        {flag.may_change_installation && <InstallationRule flag={flag} key={flag.updated_at} />}
      </div>
    </Panel>
  );
}
