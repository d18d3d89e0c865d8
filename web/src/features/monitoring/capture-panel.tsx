import { Button } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { usePermission } from "@/api/session";
import { bytes, count, percent, plural } from "@/lib/format";
import { Facts } from "@/ui/facts";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { Time } from "@/ui/time";
import { View } from "@/ui/view";
import { type Capture, capture } from "./capture-api";
import { CaptureDialog } from "./capture-dialog";
import { EraseDialog } from "./erase-dialog";

/** What is kept of the calls beyond the log: how much, by which rules, and how to get it out. */
export function CapturePanel({ id }: { id: string }) {
  return (
    <View loading={<LinesSkeleton lines={4} />}>
      <Kept id={id} />
    </View>
  );
}

function Kept({ id }: { id: string }) {
  const { data } = useSuspenseQuery(capture(id));
  const [open, setOpen] = useState<"rules" | "erase" | null>(null);
  const maySee = usePermission("predictions.read");
  const mayManage = usePermission("monitoring.manage");
  const mayErase = usePermission("predictions.erase");
  return (
    <Panel
      title="Kept rows"
      note="Parquet files with every row of a call"
      action={
        <div className="row wrap">
          {maySee && data.rows > 0 && (
            <Button
              component="a"
              variant="default"
              size="xs"
              href={`/api/v1/deployments/${id}/capture/rows`}
              download
            >
              Download rows
            </Button>
          )}
          {mayManage && (
            <Button variant="default" size="xs" onClick={() => setOpen("rules")}>
              Change what is kept
            </Button>
          )}
          {mayErase && (
            <Button variant="default" size="xs" onClick={() => setOpen("erase")}>
              Erase a person
            </Button>
          )}
        </div>
      }
    >
      <Facts of={factsOf(data)} />
      {open === "rules" && <CaptureDialog id={id} now={data} onClose={() => setOpen(null)} />}
      {open === "erase" && <EraseDialog id={id} now={data} onClose={() => setOpen(null)} />}
    </Panel>
  );
}

function factsOf(data: Capture): [string, React.ReactNode][] {
  const special = data.columns.filter((column) => column.keep !== "store");
  return [
    ["Rows", `${count(data.rows)} in ${plural(data.segments, "file")}, ${bytes(data.size_bytes)}`],
    [
      "From",
      data.first_at && data.last_at ? (
        <>
          <Time at={data.first_at} absolute /> to <Time at={data.last_at} absolute />
        </>
      ) : null,
    ],
    [
      "Share of calls",
      `${percent(data.rate)}${data.sampled_out ? `, ${count(data.sampled_out)} left out` : ""}`,
    ],
    ["Kept for", plural(data.retention_days, "day")],
    ["Dropped", plural(data.dropped_records, "record")],
    [
      "Not stored in clear",
      special.length ? special.map((column) => column.name).join(", ") : "nothing",
    ],
  ];
}
