import type { Stroke } from "./colours";
import classes from "./compare.module.css";

/** The line that stands for a run wherever it is shown. */
export function Swatch({ of }: { of: Stroke }) {
  return (
    <span
      aria-hidden
      className={`${classes.swatch} ${of.dash ? classes.dash : ""}`}
      style={{ "--swatch": `var(--${of.token})` }}
    />
  );
}

interface Props {
  names: string[];
  strokes: Stroke[];
  hidden: ReadonlySet<number>;
  onToggle: (place: number) => void;
}

/** The legend of all charts: pressing a run takes it out of them or puts it back. */
export function RunKey({ names, strokes, hidden, onToggle }: Props) {
  return (
    <ul className="row wrap" aria-label="Runs in the charts">
      {names.map((name, place) => {
        const stroke = strokes[place];
        return (
          <li key={name}>
            <button
              type="button"
              className={classes.toggle}
              aria-pressed={!hidden.has(place)}
              onClick={() => onToggle(place)}
            >
              {stroke && <Swatch of={stroke} />}
              {name}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
