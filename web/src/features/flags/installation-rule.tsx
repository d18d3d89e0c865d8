import { Button, NumberInput, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Shape } from "@/api/types";
import { Refused } from "@/ui/refused";
import { type Flag, useRule } from "./api";

const localTime = (at: string | null) => (at ? at.slice(0, 16) : "");
const instant = (text: string) => (text ? `${text}:00Z` : null);

/** What holds for everybody without a decision of their own; only the installation's owners see it. */
export function InstallationRule({ flag }: { flag: Flag }) {
  const save = useRule(flag.key);
  const [rule, setRule] = useState<Shape<"FlagRuleSet">>({
    default_on: flag.default_on,
    is_killed: flag.is_killed,
    percentage: flag.percentage,
    starts_at: flag.starts_at,
    ends_at: flag.ends_at,
  });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(rule);
      }}
    >
      <h3 style={{ fontSize: "1rem", margin: 0 }}>Whole installation</h3>
      <div className="row wrap">
        <Switch
          label="On by default"
          checked={rule.default_on}
          onChange={(event) => setRule({ ...rule, default_on: event.currentTarget.checked })}
        />
        <Switch
          label="Kill switch: off for everybody"
          color="red"
          checked={rule.is_killed ?? false}
          onChange={(event) => setRule({ ...rule, is_killed: event.currentTarget.checked })}
        />
      </div>
      <div className="grid-3">
        <NumberInput
          label="Share of people, %"
          min={0}
          max={100}
          allowDecimal={false}
          value={rule.percentage ?? 0}
          onChange={(share) => typeof share === "number" && setRule({ ...rule, percentage: share })}
        />
        <TextInput
          type="datetime-local"
          label="From, UTC"
          value={localTime(rule.starts_at ?? null)}
          onChange={(event) => setRule({ ...rule, starts_at: instant(event.currentTarget.value) })}
        />
        <TextInput
          type="datetime-local"
          label="Until, UTC"
          value={localTime(rule.ends_at ?? null)}
          onChange={(event) => setRule({ ...rule, ends_at: instant(event.currentTarget.value) })}
        />
      </div>
      {save.error && <Refused error={save.error} />}
      <div>
        <Button type="submit" variant="default" loading={save.isPending}>
          Save for everybody
        </Button>
      </div>
    </form>
  );
}
