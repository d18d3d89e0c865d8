import { Button } from "@mantine/core";
import { IconArrowBackUp, IconArrowsSplit2 } from "@tabler/icons-react";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { here } from "@/lib/here";
import { LinkButton } from "@/ui/link-button";
import { Panel } from "@/ui/panel";
import { Refused } from "@/ui/refused";
import { AlertMenu } from "./alert-menu";
import { AlertRollBack } from "./alert-roll-back";
import { AlertShift } from "./alert-shift";
import classes from "./alerts.module.css";
import { type Alert, useAcknowledge, useExportWindow } from "./api";
import { ResolveDialog } from "./resolve-dialog";
import { standing } from "./words";

/** What can be done about it, each with its effect. */
export function AlertDo({ of }: { of: Alert }) {
  const mayHandle = usePermission("alerts.handle");
  const mayDeploy = usePermission("deployments.create");
  const mayReadRows = usePermission("predictions.read");
  const [rollingBack, setRollingBack] = useState(false);
  const [shifting, setShifting] = useState(false);
  const [ending, setEnding] = useState(false);
  const acknowledge = useAcknowledge();
  const exporting = useExportWindow();
  const rule = standing(of)[0]?.rule_id;
  if (!mayHandle) return null;
  return (
    <Panel
      title="Do"
      action={
        <div className="row">
          {of.acknowledged_at === null && (
            <Button
              size="xs"
              variant="default"
              loading={acknowledge.isPending}
              onClick={() => acknowledge.mutate(of.id)}
            >
              Acknowledge
            </Button>
          )}
          <AlertMenu row={of} onResolve={() => setEnding(true)} />
        </div>
      }
    >
      <div className={classes.do}>
        {mayDeploy && of.can_roll_back_to !== null && (
          <div>
            <Button
              leftSection={<IconArrowBackUp size={16} stroke={1.7} aria-hidden />}
              onClick={() => setRollingBack(true)}
            >
              Roll back to v{of.can_roll_back_version}
            </Button>
            <span className="caption dim">
              The version before serves again; the recovery is watched here.
            </span>
          </div>
        )}
        {mayDeploy && (
          <div>
            <Button
              variant="default"
              leftSection={<IconArrowsSplit2 size={16} stroke={1.7} aria-hidden />}
              onClick={() => setShifting(true)}
            >
              Shift traffic
            </Button>
            <span className="caption dim">A share for the other version, with a preview.</span>
          </div>
        )}
        {rule && (
          <div>
            <LinkButton
              variant="default"
              to="/w/$ws/alert-rules/$rule"
              params={{ ...here(), rule }}
            >
              Adjust the rule
            </LinkButton>
            <span className="caption dim">With a preview over the last 30 days.</span>
          </div>
        )}
        {mayReadRows && (
          <div>
            <Button
              variant="default"
              loading={exporting.isPending}
              onClick={() => exporting.mutate(of.id)}
            >
              Export the window to retrain
            </Button>
            <span className="caption dim">Calls since then with their outcomes, as CSV.</span>
          </div>
        )}
        {exporting.error && <Refused error={exporting.error} />}
        {acknowledge.error && <Refused error={acknowledge.error} />}
      </div>
      <AlertRollBack of={of} opened={rollingBack} onClose={() => setRollingBack(false)} />
      {shifting && <AlertShift of={of} onClose={() => setShifting(false)} />}
      <ResolveDialog of={ending ? of : null} onClose={() => setEnding(false)} />
    </Panel>
  );
}
