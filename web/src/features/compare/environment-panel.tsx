import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { LinesSkeleton } from "@/ui/skeletons";
import { changed } from "./diff";
import type { DiffProps } from "./diff-panel";
import { DiffTable } from "./diff-table";
import { environmentRows } from "./environment";
import { useEnvironments } from "./environments";

const FEW = 8;

/** Python and packages of the models that the runs logged. */
export function EnvironmentPanel(props: Omit<DiffProps, "rows">) {
  const [asked, setAsked] = useState(props.runs.length <= FEW);
  return (
    <Panel
      title="Environment"
      note="Python and packages that each run's logged model asks for."
      flush
    >
      {asked ? (
        <Environments {...props} />
      ) : (
        <EmptyState
          title={`${props.runs.length} environments are not read yet`}
          action={<Button onClick={() => setAsked(true)}>Read them</Button>}
        />
      )}
    </Panel>
  );
}

function Environments(props: Omit<DiffProps, "rows">) {
  const { environments, isPending } = useEnvironments(props.runs);
  const rows = useMemo(() => {
    const all = environmentRows(environments);
    return props.view.all ? all : all.filter(changed);
  }, [environments, props.view.all]);
  if (isPending) return <LinesSkeleton lines={4} />;
  if (environments.every((one) => one === null))
    return <EmptyState title="No run logged a model with its requirements" />;
  if (rows.length === 0) return <EmptyState title="All environments are the same" />;
  return <DiffTable {...props} rows={rows} label="Environments of the runs" />;
}
