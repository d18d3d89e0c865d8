import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { number } from "@/lib/format";
import { here } from "@/lib/here";
import { StatusBadge, Tag } from "@/ui/status-badge";
import classes from "./compare.module.css";
import { type DiffRow, delta, improved } from "./diff";
import type { DiffProps } from "./diff-panel";
import { Swatch } from "./run-key";
import { FEWEST } from "./view";

const AT_ONCE = 150;

/** One column for each run, the baseline first and in place; one row for each value. */
export function DiffTable(props: DiffProps & { label?: string }) {
  const { runs, rows, view } = props;
  const [shown, setShown] = useState(AT_ONCE);
  const baseline = Math.max(
    runs.findIndex((run) => run.id === view.base),
    0,
  );
  const order = [baseline, ...runs.map((_, place) => place).filter((place) => place !== baseline)];
  const listed = rows.slice(0, shown);
  return (
    <>
      <div className={classes.scroll}>
        <table className={classes.table} aria-label={props.label ?? "Differences between runs"}>
          <thead>
            <tr>
              <th scope="col" className={classes.key}>
                Name
              </th>
              {order.map((place) => (
                <RunHead key={runs[place]?.id} {...props} place={place} baseline={baseline} />
              ))}
            </tr>
          </thead>
          <tbody>
            {listed.map((row, index) => (
              <Fragment key={`${row.group} ${row.key}`}>
                {row.group !== listed[index - 1]?.group && (
                  <tr>
                    <th scope="rowgroup" className={classes.group}>
                      {row.group}
                    </th>
                    <td className={classes.filler} colSpan={runs.length} />
                  </tr>
                )}
                <tr>
                  <th scope="row" className={classes.key}>
                    {row.key}
                  </th>
                  {order.map((place) => (
                    <Cell key={runs[place]?.id} row={row} place={place} baseline={baseline} />
                  ))}
                </tr>
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && (
        <div style={{ padding: "var(--space-3) var(--space-4)" }}>
          <Button variant="default" size="xs" onClick={() => setShown(rows.length)}>
            Show all {rows.length} rows
          </Button>
        </div>
      )}
    </>
  );
}

interface RunHeadProps extends DiffProps {
  place: number;
  baseline: number;
}

function RunHead({ runs, names, strokes, view, onView, place, baseline }: RunHeadProps) {
  const [run, stroke, name] = [runs[place], strokes[place], names[place]];
  if (!run || !stroke) return null;
  const others = view.runs.filter((id) => id !== run.id);
  return (
    <th scope="col" className={place === baseline ? classes.baseline : undefined}>
      <span className={classes.run}>
        <Swatch of={stroke} />
        <Link to="/w/$ws/runs/$run" params={{ ...here(), run: run.id }}>
          {name}
        </Link>
      </span>
      <StatusBadge status={run.status} />
      <div className="row">
        {place === baseline ? (
          <Tag>Baseline</Tag>
        ) : (
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={`Make ${name} the baseline`}
            onClick={() => onView({ ...view, base: run.id })}
          >
            Make baseline
          </Button>
        )}
        {others.length >= FEWEST && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-xs"
            aria-label={`Remove ${name}`}
            onClick={() => onView({ ...view, runs: others })}
          >
            Remove
          </Button>
        )}
      </div>
    </th>
  );
}

function Cell({ row, place, baseline }: { row: DiffRow; place: number; baseline: number }) {
  const value = row.cells[place] ?? null;
  const isBaseline = place === baseline;
  const isChanged = !Object.is(value, row.cells[baseline] ?? null);
  const by = delta(row, place, baseline);
  const better = improved(row, by);
  return (
    <td className={`${isBaseline ? classes.baseline : ""} ${isChanged ? classes.changed : ""}`}>
      {value === null ? (
        <span className="dim">–</span>
      ) : (
        <span className="num" title={String(value)}>
          {typeof value === "number" ? number(value) : value}
        </span>
      )}
      {isChanged && <span className="sr-only">, differs from the baseline</span>}
      {by !== null && by !== 0 && (
        <span
          className={`${classes.delta} ${better === null ? "" : better ? classes.better : classes.worse}`}
        >
          {by > 0 ? "▲ +" : "▼ −"}
          {number(Math.abs(by))}
          {better !== null && (better ? " better" : " worse")}
        </span>
      )}
    </td>
  );
}
