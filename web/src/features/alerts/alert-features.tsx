import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import type { Shape } from "@/api/types";
import { number, percent } from "@/lib/format";
import { BarChart } from "@/ui/charts/bar-chart";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Panel } from "@/ui/panel";
import { type Alert, alertFeatures, useMuteFeature } from "./api";

/** The columns that moved most, baseline and window laid over each other; nothing when none did. */
export function AlertFeatures({ of }: { of: Alert }) {
  const { data } = useSuspenseQuery(alertFeatures(of.id));
  const mayHandle = usePermission("alerts.handle");
  const [muting, setMuting] = useState<string | null>(null);
  const mute = useMuteFeature();
  if (data.length === 0) return null;
  const counted = new Set(of.signals.flatMap((signal) => signal.items));
  const close = () => setMuting(null);
  return (
    <Panel title="Which columns" note={note(data)}>
      <div className="stack loose">
        {data.map((one) => (
          <div key={one.feature} className="stack tight">
            <div className="row between wrap">
              <span>
                <strong>{one.feature}</strong>{" "}
                <span className="small dim">
                  {one.role}, score {number(one.score)}
                  {one.importance_share !== null && `, importance ${percent(one.importance_share)}`}
                </span>
              </span>
              {mayHandle && of.resolved_at === null && counted.has(one.feature) && (
                <Button
                  variant="default"
                  size="compact-xs"
                  aria-label={`Mute ${one.feature}`}
                  onClick={() => setMuting(one.feature)}
                >
                  Mute
                </Button>
              )}
            </div>
            <p className="small dim">{one.explain}</p>
            <BarChart
              title={`${one.feature}, share of rows`}
              summary={one.explain}
              labels={one.labels}
              series={[
                { label: "Baseline", values: one.reference_shares, token: "series-8" },
                { label: "Now", values: one.current_shares, token: "series-1" },
              ]}
              height={120}
              format={percent}
            />
          </div>
        ))}
      </div>
      <ConfirmDialog
        opened={muting !== null}
        onClose={close}
        title={`Mute ${muting ?? ""}?`}
        confirmLabel="Mute column"
        busy={mute.isPending}
        error={mute.error}
        onConfirm={() =>
          muting && mute.mutate({ id: of.id, feature: muting }, { onSuccess: close })
        }
      >
        The rules behind this alert leave {muting} out from now on. The rule's page lists what is
        muted.
      </ConfirmDialog>
    </Panel>
  );
}

/** Says the order, and that what stands first matters to the model where that is known. */
function note(causes: Shape<"FeatureCause">[]): string {
  if (causes.every((one) => one.importance_share === null)) return "The furthest moved first";
  const act = causes.filter((one) => one.quadrant === "act").length;
  return act > 0
    ? `By drift times importance; ${act} of them matter to the model`
    : "By drift times importance; the model hardly relies on them";
}
