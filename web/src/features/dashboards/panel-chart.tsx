import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { number } from "@/lib/format";
import { type Series as Line, LineChart } from "@/ui/charts/line-chart";
import { type Panel, type Series, series, type Window } from "./api";
import classes from "./dashboards.module.css";
import { said, VALUE_WORDS, WINDOW_WORDS } from "./words";

/** One signal of one or more deployments over time, each with what it comes to. */
export function PanelChart({ panel, window }: { panel: Panel; window: Window }) {
  const answers = useQueries({
    queries: panel.deployment_ids.map((id) => series(panel, id, window)),
  });
  const found = answers.flatMap((one) => (one.data ? [one.data] : []));
  const problems = answers.flatMap((one) => (one.error && !one.data ? [one.error.message] : []));
  const isLoading = answers.some((one) => one.isPending);
  const shown = found.filter((one) => !one.note);
  const answered = found[0]?.window ?? panel.window ?? window;
  return (
    <>
      <ul className={classes.totals}>
        {found.map((one) => (
          <li key={one.deployment_id}>
            <span className="truncate" title={nameOf(one)}>
              {nameOf(one)}
            </span>
            <strong>{one.note ? "–" : said(one, one.total)}</strong>
            {one.note && <span className={classes.note}>{one.note}</span>}
          </li>
        ))}
      </ul>
      {[...new Set(problems)].map((problem) => (
        <p key={problem} role="alert" className="small dim">
          {problem}
        </p>
      ))}
      {shown.length > 0 && <Lines of={shown} />}
      {isLoading && found.length === 0 && <div className={classes.waiting} aria-hidden />}
      {shown.length === 0 && <p className="caption dim">{WINDOW_WORDS[answered]}</p>}
    </>
  );
}

const nameOf = (one: Series): string => `${one.environment}/${one.deployment_name}`;

function Lines({ of }: { of: Series[] }) {
  const { x, lines } = useMemo(() => drawn(of), [of]);
  const [first] = of;
  if (!first) return null;
  return (
    <LineChart
      title={WINDOW_WORDS[first.window]}
      summary={of.map((one) => `${nameOf(one)}: ${said(one, one.total)}.`).join(" ")}
      x={x}
      time
      dots={x.length < 40}
      fromZero={first.signal !== "accuracy"}
      height={180}
      series={lines}
      format={(value) => (first.unit === "columns" ? number(value) : said(first, value))}
    />
  );
}

/** Deployments on one axis; where only another has an instant, a line goes on. */
export function drawn(of: Series[]): { x: number[]; lines: Line[] } {
  const instant = (at: string) => Date.parse(at) / 1_000;
  const all = new Set(of.flatMap((one) => one.points.map((point) => instant(point.at))));
  const x = [...all].toSorted((a, b) => a - b);
  const lines = of.flatMap((one, place): Line[] => {
    const points = new Map(one.points.map((point) => [instant(point.at), point]));
    const token = `series-${place + 1}`;
    const label = of.length > 1 ? nameOf(one) : VALUE_WORDS[one.signal];
    const line = { label, values: x.map((at) => points.get(at)?.value), token };
    if (one.points.every((point) => point.estimate == null)) return [line];
    const estimate = x.map((at) => points.get(at)?.estimate);
    const guess = of.length > 1 ? `${nameOf(one)}, estimated` : "estimated";
    return [line, { label: guess, values: estimate, token, dash: true }];
  });
  return { x, lines };
}
