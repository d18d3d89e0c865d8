import { Button, Chip, Switch, TextInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { download } from "@/lib/download";
import { count } from "@/lib/format";
import { CodeBlock } from "@/ui/code-block";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { logs } from "./api";
import { LEVELS, type Level, levelOf, readable } from "./log-levels";

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
  const [hidden, setHidden] = useState<readonly Level[]>([]);
  const read = useMemo(
    () => data.lines.map(readable).map((line) => ({ line, level: levelOf(line) })),
    [data],
  );
  const there = LEVELS.filter((level) => read.some((one) => one.level === level));
  const found = read
    .filter((one) => !hidden.includes(one.level))
    .map((one) => one.line)
    .filter((line) => line.toLowerCase().includes(needle));
  const isFiltered = found.length < data.lines.length;
  const showAll = () => {
    setWanted("");
    setHidden([]);
  };
  return (
    <Panel
      title="Model server log"
      note={
        isFiltered
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
      {there.length > 1 && <LevelChoice there={there} hidden={hidden} onHide={setHidden} />}
      {data.lines.length === 0 && (
        <EmptyState title="No lines yet">The model server writes here when it starts.</EmptyState>
      )}
      {data.lines.length > 0 && found.length === 0 && (
        <EmptyState
          title={needle ? `No line contains “${wanted.trim()}”` : "No line has such a level"}
          action={<Button onClick={showAll}>Show all lines</Button>}
        />
      )}
      {found.length > 0 && <CodeBlock code={found.join("\n")} label="log" wrap atEnd={following} />}
    </Panel>
  );
}

const LEVEL_NAMES: Record<Level, string> = {
  error: "Errors",
  warning: "Warnings",
  info: "Info",
  debug: "Debug",
  other: "Other",
};

interface LevelProps {
  /** Levels that some line has. */
  there: readonly Level[];
  hidden: readonly Level[];
  onHide: (hidden: readonly Level[]) => void;
}

/** Which levels are shown. "Other" are lines that carry none. */
function LevelChoice({ there, hidden, onHide }: LevelProps) {
  return (
    <Chip.Group
      multiple
      value={there.filter((level) => !hidden.includes(level))}
      onChange={(shown) => onHide(there.filter((level) => !shown.includes(level)))}
    >
      <fieldset className="row wrap" aria-label="Levels" style={QUIET}>
        {there.map((level) => (
          <Chip key={level} value={level} size="xs">
            {LEVEL_NAMES[level]}
          </Chip>
        ))}
      </fieldset>
    </Chip.Group>
  );
}

const QUIET = { border: 0, padding: 0, margin: "0 0 var(--space-3)" } as const;
