import { Button } from "@mantine/core";
import { usePermission } from "@/api/session";
import { Refused } from "@/ui/refused";
import { type Sample, useSampleActions } from "./api";
import classes from "./home.module.css";

/** What the sample is, where its data comes from, and the one click that loads it. */
export function SampleOffer({ sample }: { sample: Sample }) {
  const mayManage = usePermission("samples.manage");
  const { install } = useSampleActions(sample.key);
  return (
    <div className="stack tight">
      <p style={{ maxWidth: "72ch" }}>{sample.summary}</p>
      <div className={classes.provenance}>
        <span>Source: {sample.source}</span>
        <span>Licence: {sample.licence}</span>
      </div>
      <p className="caption dim">{sample.caution}</p>
      {install.error && <Refused error={install.error} />}
      <div className="row wrap" style={{ marginTop: 8 }}>
        <Button onClick={() => install.mutate()} loading={install.isPending} disabled={!mayManage}>
          Load sample project
        </Button>
        <span className="small dim">
          {mayManage ? "Takes about a minute. Removed in one click." : "Needs the Developer role."}
        </span>
      </div>
    </div>
  );
}
