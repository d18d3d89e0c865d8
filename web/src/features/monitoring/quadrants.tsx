import { count, number, percent, plural } from "@/lib/format";
import { ChartFrame } from "@/ui/charts/chart-frame";
import { Panel } from "@/ui/panel";
import type { Drift, FeatureDrift } from "./api";
import classes from "./quadrants.module.css";

interface Props {
  of: Drift;
  chosen: string | undefined;
  onChoose: (feature: string) => void;
}

type Quadrant = NonNullable<FeatureDrift["quadrant"]>;

const AREAS: [Quadrant, string][] = [
  ["watch", "Important, steady"],
  ["act", "Important and moved: look here first"],
  ["calm", "Unimportant, steady"],
  ["ignore", "Moved, unimportant"],
];
const COLOURS: Record<Quadrant, string> = {
  act: "var(--bad)",
  watch: "var(--series-1)",
  calm: "var(--series-8)",
  ignore: "var(--series-3)",
};
/** At most so many names, each with a line's height and a name's width, as shares of the plot. */
const NAMED = 6;
const LINE = 0.065;
const NAME_WIDTH = 0.25;

/**
 * How far each input moved against how much the model relies on it; choosing a dot opens it.
 *
 * Dots may lie on each other: whoever has no fine pointer chooses from the list of inputs beside.
 */
export function Quadrants({ of, chosen, onChoose }: Props) {
  const told = of.importance;
  if (!told) return null;
  const placed = of.features.filter((one) => one.quadrant !== null);
  if (told.reason !== null || placed.length === 0) {
    return (
      <Panel title="Importance and drift">
        <p className="dim">
          {told.reason ?? "The first compared window puts every input in its place."}
        </p>
      </Panel>
    );
  }
  const threshold = placed[0]?.threshold ?? 0.1;
  const across = scale(
    threshold,
    placed.map((one) => one.score ?? 0),
  );
  const up = scale(
    told.fair_share,
    placed.map((one) => one.importance_share ?? 0),
  );
  const named = readable(placed, chosen, (one) => ({
    across: across(one.score ?? 0),
    up: up(one.importance_share ?? 0),
  }));
  return (
    <Panel title="Importance and drift" note={basis(of)}>
      <div className="stack">
        {of.headline && <p role="status">{of.headline}</p>}
        <ChartFrame
          title="Share of the model's reliance over drift"
          summary={`${plural(placed.length, "input")} by drift and importance.`}
          table={{
            head: ["Input", "Drift", "Importance", "Where"],
            rows: placed.map((one) => [
              one.feature,
              number(one.score),
              percent(one.importance_share),
              AREAS.find(([key]) => key === one.quadrant)?.[1] ?? "–",
            ]),
          }}
        >
          <fieldset className={classes.plot} aria-label="Inputs by drift and importance">
            {AREAS.map(([key, name]) => (
              <div key={key} className={classes.area} data-act={key === "act" || undefined}>
                {name}
              </div>
            ))}
            {placed.map((one) => {
              const at = {
                "--across": across(one.score ?? 0),
                "--up": up(one.importance_share ?? 0),
                "--swatch": COLOURS[one.quadrant ?? "calm"],
              };
              const words = `${one.feature}: drift ${number(one.score)}, importance ${percent(one.importance_share)}`;
              return (
                <span key={one.feature}>
                  <button
                    type="button"
                    tabIndex={-1}
                    className={classes.dot}
                    style={at}
                    title={words}
                    aria-label={words}
                    aria-pressed={one.feature === chosen}
                    onClick={() => onChoose(one.feature)}
                  />
                  {named.has(one.feature) && (
                    <span
                      className={classes.name}
                      style={at}
                      data-chosen={one.feature === chosen || undefined}
                      data-left={across(one.score ?? 0) > 0.6 || undefined}
                      aria-hidden
                    >
                      {one.feature}
                    </span>
                  )}
                </span>
              );
            })}
          </fieldset>
          <div className={classes.axes} aria-hidden>
            <span>Steady</span>
            <span>Drift score {number(threshold)}</span>
            <span>Moved</span>
          </div>
        </ChartFrame>
      </div>
    </Panel>
  );
}

function basis({ importance: told }: Drift): string {
  if (!told) return "";
  const compared = told.has_outcomes ? "what came true" : "its own answers";
  return `Permutation importance on ${count(told.rows)} rows of ${told.source}, against ${compared}. Important from ${percent(told.fair_share)} on.`;
}

/** The inputs whose names fit beside their dots: the chosen one, then the most important. */
function readable(
  placed: FeatureDrift[],
  chosen: string | undefined,
  place: (one: FeatureDrift) => { across: number; up: number },
): Set<string> {
  const rank = (one: FeatureDrift) =>
    one.feature === chosen ? Number.POSITIVE_INFINITY : (one.importance_share ?? 0);
  const kept: FeatureDrift[] = [];
  for (const one of placed.toSorted((a, b) => rank(b) - rank(a))) {
    if (kept.length > NAMED) break;
    const here = place(one);
    const isFree = kept.every((other) => {
      const there = place(other);
      return (
        Math.abs(here.up - there.up) > LINE || Math.abs(here.across - there.across) > NAME_WIDTH
      );
    });
    if (isFree) kept.push(one);
  }
  return new Set(kept.map((one) => one.feature));
}

/** Puts the limit in the middle, so that the four quadrants are equally large. */
function scale(limit: number, values: number[]): (value: number) => number {
  const most = Math.max(...values, limit * 2);
  return (value) =>
    value <= limit
      ? Math.max(0, value / limit) * 0.5
      : 0.5 + 0.5 * Math.sqrt((value - limit) / (most - limit));
}
