import { Button, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode, useState } from "react";
import { direction } from "@/lib/direction";
import { number, plural } from "@/lib/format";
import { Refused } from "@/ui/refused";
import { TableSkeleton } from "@/ui/skeletons";
import { groupList, type RunGroup } from "./api";
import { groupClause, joined } from "./clauses";
import { isDataColumn, keyOf } from "./columns";
import classes from "./experiments.module.css";

interface Props {
  id: string;
  /** What is grouped by, from the outside in. */
  by: string[];
  filter: string;
  metrics: string[];
  /** The runs of an innermost group. */
  runs: (filter: string) => ReactNode;
}

export const groupName = (by: string): string => (isDataColumn(by) ? keyOf(by) : by);

/** Runs by what they have in common, with how their metrics spread; a group opens to its runs or to groups within. */
export function RunGroups(props: Props) {
  const { id, by, filter, metrics } = props;
  const [first = "", ...rest] = by;
  const query = useInfiniteQuery(groupList(id, first, filter, metrics));
  const [opened, setOpened] = useState<ReadonlySet<string | null>>(new Set());
  const toggle = (value: string | null) =>
    setOpened((old) => {
      const next = new Set(old);
      if (!next.delete(value)) next.add(value);
      return next;
    });
  if (query.error) return <Refused error={query.error} />;
  if (!query.data) return <TableSkeleton />;
  const groups = query.data.pages.flatMap((page) => page.items);
  return (
    <div className={classes.scroll}>
      <table className={classes.groups} aria-label={`Runs by ${groupName(first)}`}>
        <thead>
          <tr>
            <th scope="col">{groupName(first)}</th>
            <th scope="col" className={classes.number}>
              Runs
            </th>
            {metrics.map((metric) => (
              <th key={metric} scope="col" className={classes.number}>
                {metric}: best, mean ± sd
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <Fragment key={group.value ?? ""}>
              <GroupLine
                group={group}
                metrics={metrics}
                isOpen={opened.has(group.value)}
                onToggle={() => toggle(group.value)}
              />
              {opened.has(group.value) && (
                <tr>
                  <td className={classes.inside} colSpan={metrics.length + 2}>
                    <Inside {...props} by={rest} filter={within(filter, first, group.value)} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
      {groups.length === 0 && <p className="dim small row">No runs match.</p>}
      {query.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          m="sm"
          loading={query.isFetching}
          onClick={() => void query.fetchNextPage()}
        >
          Load more groups
        </Button>
      )}
    </div>
  );
}

const within = (filter: string, by: string, value: string | null): string =>
  joined([filter, groupClause(by, value)].filter(Boolean));

function Inside(props: Props) {
  return props.by.length > 0 ? <RunGroups {...props} /> : props.runs(props.filter);
}

interface LineProps {
  group: RunGroup;
  metrics: string[];
  isOpen: boolean;
  onToggle: () => void;
}

function GroupLine({ group, metrics, isOpen, onToggle }: LineProps) {
  return (
    <tr>
      <td>
        <UnstyledButton className="row small" mih={28} aria-expanded={isOpen} onClick={onToggle}>
          {isOpen ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
          {group.value ?? <span className="dim">No value</span>}
        </UnstyledButton>
      </td>
      <td className={classes.number} title={plural(group.runs, "run")}>
        {group.runs}
      </td>
      {metrics.map((metric) => (
        <td key={metric} className={classes.number}>
          <Spread metric={metric} of={group.metrics[metric]} />
        </td>
      ))}
    </tr>
  );
}

/** The best value, where the name says what is better, then mean and deviation. */
function Spread({ metric, of }: { metric: string; of: RunGroup["metrics"][string] | undefined }) {
  if (!of) return <span className="dim">–</span>;
  const better = direction(metric);
  const best = better === "up" ? of.high : better === "down" ? of.low : null;
  return (
    <span title={`${of.count} values from ${of.low} to ${of.high}`}>
      {best === null ? `${number(of.low)} to ${number(of.high)}` : <strong>{number(best)}</strong>}
      {" · "}
      {number(of.mean)}
      {of.sd !== null && ` ± ${number(of.sd)}`}
    </span>
  );
}
