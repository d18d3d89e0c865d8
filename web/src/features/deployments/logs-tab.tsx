import { Button, Switch } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { count } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { logs } from "./api";

const FIRST = 200;
const MOST = 10_000;
const LIVE_MS = 3_000;

/** The last lines that the model server wrote. */
export function LogsTab({ id }: { id: string }) {
  const [tail, setTail] = useState(FIRST);
  const [following, setFollowing] = useState(true);
  const { data } = useSuspenseQuery({
    ...logs(id, tail),
    refetchInterval: following ? LIVE_MS : false,
  });
  const longer = Math.min(tail * 5, MOST);
  return (
    <Panel
      title="Model server log"
      note={`The last ${count(data.lines.length)} lines`}
      action={
        <div className="row wrap">
          <Switch
            size="sm"
            label="Follow"
            checked={following}
            onChange={(event) => setFollowing(event.currentTarget.checked)}
          />
          {data.lines.length >= tail && tail < MOST && (
            <Button variant="default" size="xs" onClick={() => setTail(longer)}>
              Show {count(longer)}
            </Button>
          )}
        </div>
      }
    >
      {data.lines.length === 0 ? (
        <EmptyState title="No lines yet">The model server writes here when it starts.</EmptyState>
      ) : (
        <CodeBlock code={data.lines.join("\n")} label="log" wrap />
      )}
    </Panel>
  );
}
