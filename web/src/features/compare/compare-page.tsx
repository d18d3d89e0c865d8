import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { plural } from "@/lib/format";
import { here } from "@/lib/here";
import { Callout } from "@/ui/callout";
import { CopyButton } from "@/ui/copy-field";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/link-button";
import { PageHeader } from "@/ui/page-header";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { useRuns } from "./api";
import { Comparison } from "./comparison";
import { type CompareView, FEWEST, MOST } from "./view";

interface Props {
  view: CompareView;
  onView: (view: CompareView) => void;
}

/** Runs side by side: what went in, what came out, and how it went. */
export function ComparePage({ view, onView }: Props) {
  const ids = view.runs.slice(0, MOST);
  const { runs, refused, isPending } = useRuns(ids);
  const [first] = runs;
  const isOneExperiment = runs.every((run) => run.experiment_id === first?.experiment_id);
  return (
    <>
      <PageHeader
        title={ids.length < FEWEST ? "Compare runs" : `Compare ${plural(ids.length, "run")}`}
        crumbs={[
          <Link key="all" to="/w/$ws/experiments" params={here()}>
            Experiments
          </Link>,
          ...(first && isOneExperiment
            ? [
                <Link
                  key="experiment"
                  to="/w/$ws/experiments/$experiment"
                  params={{ ...here(), experiment: first.experiment_id }}
                  search={{ sel: ids.join(",") }}
                >
                  {first.experiment_name}
                </Link>,
              ]
            : []),
        ]}
        actions={
          <span className="row small dim">
            Share this view <CopyButton value={window.location.href} label="link" />
          </span>
        }
      />
      <div className="stack">
        {view.runs.length > MOST && (
          <Callout tone="warn" title={`The first ${MOST} of ${view.runs.length} runs are compared`}>
            More would not fit on one page.
          </Callout>
        )}
        {refused.length > 0 && !isPending && (
          <Unread view={view} onView={onView} refused={refused} read={runs.length} />
        )}
        {isPending && ids.length >= FEWEST && <TableSkeleton />}
        {!isPending && runs.length >= FEWEST && (
          <Comparison
            key={runs.map((run) => run.id).join()}
            runs={runs}
            view={view}
            onView={onView}
          />
        )}
        {(ids.length < FEWEST || (!isPending && runs.length < FEWEST)) && <TooFew />}
      </div>
    </>
  );
}

interface UnreadProps extends Props {
  refused: { id: string; error: Error }[];
  read: number;
}

function Unread({ view, onView, refused, read }: UnreadProps) {
  const [first] = refused;
  const gone = new Set(refused.map((one) => one.id));
  if (read === 0 && first) return <Refused error={first.error} />;
  return (
    <Callout tone="warn" title={`${read} of ${plural(read + gone.size, "run")} could be read`}>
      <p>
        {first?.error.message}{" "}
        <code style={{ overflowWrap: "anywhere" }}>{[...gone].join(", ")}</code>
      </p>
      <Button
        variant="default"
        size="xs"
        mt={8}
        onClick={() => onView({ ...view, runs: view.runs.filter((id) => !gone.has(id)) })}
      >
        Leave them out
      </Button>
    </Callout>
  );
}

function TooFew() {
  return (
    <EmptyState
      title="Choose two runs to compare"
      action={
        <LinkButton to="/w/$ws/experiments" params={here()}>
          Open experiments
        </LinkButton>
      }
    >
      Select 2 to {MOST} runs in the table of an experiment and press Compare.
    </EmptyState>
  );
}
