import { Button, Switch, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { download } from "@/lib/download";
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
  const [wanted, setWanted] = useState("");
  const longer = Math.min(tail * 5, MOST);
  const needle = wanted.trim().toLowerCase();
  const found = needle
    ? data.lines.filter((line) => line.toLowerCase().includes(needle))
    : data.lines;
  return (
    <Panel
      title="Model server log"
      note={
        needle
          ? `${count(found.length)} of the last ${count(data.lines.length)} lines`
          : `The last ${count(data.lines.length)} lines`
      }
      action={
        <div className="row wrap">
          <TextInput
            size="xs"
            type="search"
            aria-label="Lines that contain"
            placeholder="Lines that contain…"
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
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
          <Button
            variant="default"
            size="xs"
            disabled={found.length === 0}
            onClick={() => download("model-server.log", `${found.join("\n")}\n`, "text/plain")}
          >
            Download
          </Button>
        </div>
      }
    >
      {data.lines.length === 0 && (
        <EmptyState title="No lines yet">The model server writes here when it starts.</EmptyState>
      )}
      {data.lines.length > 0 && found.length === 0 && (
        <EmptyState
          title={`No line contains “${wanted.trim()}”`}
          action={<Button onClick={() => setWanted("")}>Show all lines</Button>}
        />
      )}
      {found.length > 0 && <CodeBlock code={found.join("\n")} label="log" wrap />}
    </Panel>
  );
}
