import { count } from "@/lib/format";
import { type Column, DataTable } from "@/ui/data-table";
import { StatusBadge } from "@/ui/status-badge";
import { Time } from "@/ui/time";
import { reasonsOf } from "./outcome-api";
import type { Pull } from "./source-api";

const counted = (
  name: keyof Omit<Pull["counts"], "problems" | "reasons">,
  header: string,
): Column<Pull> => ({
  id: name,
  header,
  align: "end",
  cell: ({ counts }) => count(counts[name] ?? 0),
});

const COLUMNS: Column<Pull>[] = [
  {
    id: "at",
    header: "Pull",
    cell: (pull) => (
      <div>
        <Time at={pull.started_at} />
        <div className="caption dim">{pull.asked_by_name ?? "On schedule"}</div>
      </div>
    ),
  },
  {
    id: "state",
    header: "State",
    cell: (pull) => <State of={pull} />,
  },
  counted("received", "Rows"),
  counted("matched", "Joined"),
  counted("late", "Late"),
  counted("waiting", "No prediction yet"),
  counted("corrected", "Corrected"),
  counted("duplicates", "Known"),
  counted("rejected", "Refused"),
];

/** The last pulls with what came of their rows. */
export function PullTable({ pulls }: { pulls: Pull[] }) {
  const refusing = pulls.find((pull) => pull.counts.problems?.length);
  const unjoined = pulls.find((pull) => reasonsOf(pull.counts.reasons));
  const why = reasonsOf(unjoined?.counts.reasons);
  if (pulls.length === 0) return <p className="dim">The first pull is about to begin.</p>;
  return (
    <>
      <DataTable
        label="Pulls of outcomes"
        columns={COLUMNS}
        rows={pulls}
        rowKey={(pull) => pull.started_at}
      />
      {why && (
        <p className="small">
          Of entities, in the pull of <Time at={unjoined?.started_at ?? null} absolute />: {why}.
        </p>
      )}
      {refusing && (
        <details>
          <summary>
            Why rows of the pull of <Time at={refusing.started_at} absolute /> were refused or wait
          </summary>
          <ul className="small">
            {refusing.counts.problems?.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function State({ of }: { of: Pull }) {
  if (of.ended_at === null) return <StatusBadge tone="busy">Running</StatusBadge>;
  if (of.error === null) return <StatusBadge tone="ok">Done</StatusBadge>;
  return (
    <span title={of.error}>
      <StatusBadge tone="bad">Stopped</StatusBadge>
    </span>
  );
}
