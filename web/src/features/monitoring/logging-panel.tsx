import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { percent, plural } from "@/lib/format";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { capture } from "./capture-api";
import { CaptureDialog } from "./capture-dialog";

/** Which share of the calls is kept with its rows, for how long, and what of them is not. */
export function LoggingPanel({ id }: { id: string }) {
  const { data } = useSuspenseQuery(capture(id));
  const mayManage = usePermission("monitoring.manage");
  const [changing, setChanging] = useState(false);
  const special = data.columns.filter((column) => column.keep !== "store");
  return (
    <Panel
      title="Logging"
      note="What is kept of calls from now on. Every call is counted."
      action={
        mayManage && (
          <Button size="xs" variant="default" onClick={() => setChanging(true)}>
            Change what is kept
          </Button>
        )
      }
    >
      <Facts
        of={[
          ["Share of calls", percent(data.rate)],
          ["Kept for", plural(data.retention_days, "day")],
          [
            "Not stored in clear",
            special.length ? special.map((column) => column.name).join(", ") : "Nothing",
          ],
        ]}
      />
      {changing && <CaptureDialog id={id} now={data} onClose={() => setChanging(false)} />}
    </Panel>
  );
}
