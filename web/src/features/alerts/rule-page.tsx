import { Button, Switch } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { happened } from "@/lib/happened";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { PageHeader } from "@/ui/page-header";
import { Panel } from "@/ui/panel";
import { Time } from "@/ui/time";
import classes from "./alerts.module.css";
import { asked } from "./condition-words";
import { RuleEditor } from "./rule-editor";
import { RuleState } from "./rule-state";
import { rule, ruleHistory, useChangeRule, useRemoveRule } from "./rules-api";

const CRUMBS = () => [
  <Link key="rules" to="/w/$ws/alert-rules" params={here()}>
    Alert rules
  </Link>,
];

/** One rule: its sentence, what it saw last, and what was changed about it. */
export function RulePage({ id }: { id: string }) {
  const { data } = useSuspenseQuery(rule(id));
  const { data: history } = useSuspenseQuery(ruleHistory(id));
  const mayManage = usePermission("alerts.manage");
  const [removing, setRemoving] = useState(false);
  const change = useChangeRule();
  const remove = useRemoveRule();
  const navigate = useNavigate();
  return (
    <>
      <PageHeader
        title={data.name}
        crumbs={CRUMBS()}
        status={<RuleState of={data} />}
        meta={`${data.environment}/${data.deployment_name}: ${asked(data.condition)}`}
        actions={
          mayManage && (
            <div className="row">
              <Switch
                label="On"
                checked={data.is_enabled}
                onChange={(event) => change.mutate({ id, is_enabled: event.currentTarget.checked })}
              />
              <Button variant="default" onClick={() => setRemoving(true)}>
                Remove
              </Button>
            </div>
          )
        }
      />
      <div className="stack">
        {data.text && <Callout title="Seen last">{data.text}</Callout>}
        {mayManage && (
          <RuleEditor
            key={data.version}
            start={data}
            fixed
            saveLabel="Save rule"
            busy={change.isPending}
            error={change.error}
            onSave={({ deployment_id: _, ...wanted }) =>
              change.mutate(
                { id, ...wanted },
                { onSuccess: () => notifications.show({ message: "The rule is saved." }) },
              )
            }
          />
        )}
        <Panel title="History">
          {history.length === 0 ? (
            <p className="dim">It is as it was made.</p>
          ) : (
            <ol className={classes.story}>
              {history.map((one) => (
                <li key={one.at} className="small">
                  {one.by_name} {happened(one.action, "alert_rule")}, <Time at={one.at} />
                </li>
              ))}
            </ol>
          )}
        </Panel>
      </div>
      <ConfirmDialog
        opened={removing}
        onClose={() => setRemoving(false)}
        title={`Remove ${data.name}?`}
        confirmLabel="Remove rule"
        destructive
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() =>
          remove.mutate(id, {
            onSuccess: () => void navigate({ to: "/w/$ws/alert-rules", params: here() }),
          })
        }
      >
        {data.environment}/{data.deployment_name} is not watched by it any more.
        {data.is_default && " A default rule does not come back by itself."}
      </ConfirmDialog>
    </>
  );
}
