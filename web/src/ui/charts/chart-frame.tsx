import { type ReactNode, useState } from "react";
import classes from "./chart.module.css";

export interface LegendEntry {
  label: string;
  /** A CSS colour, from the tokens: "var(--series-1)". */
  colour: string;
  value?: string;
}

interface Props {
  /** A noun with its unit: "Latency, ms". */
  title: string;
  /** One sentence for those who cannot see it. */
  summary: string;
  legend?: LegendEntry[];
  /** The same numbers as a table: header cells and rows. */
  table: { head: string[]; rows: string[][] };
  children: ReactNode;
}

/** What every chart has around it: title, legend, summary, and the same numbers as a table. */
export function ChartFrame({ title, summary, legend = [], table, children }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <figure className={classes.frame} style={{ margin: 0 }} aria-label={title}>
      <figcaption className={classes.head}>
        <span className={classes.title}>{title}</span>
        <span className="sr-only">{summary}</span>
        <button
          type="button"
          className={classes.switch}
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Chart" : "Table"}
        </button>
        <ul className={classes.legend}>
          {legend.map((entry) => (
            <li key={entry.label}>
              <span className={classes.swatch} style={{ "--swatch": entry.colour }} />
              {entry.label}
              {entry.value && <strong>{entry.value}</strong>}
            </li>
          ))}
        </ul>
      </figcaption>
      {asTable ? (
        <Numbers title={title} {...table} />
      ) : (
        <div className={classes.plot}>{children}</div>
      )}
    </figure>
  );
}

function Numbers({ title, head, rows }: { title: string; head: string[]; rows: string[][] }) {
  return (
    <div className={classes.numbers}>
      <table aria-label={title}>
        <thead>
          <tr>
            {head.map((cell) => (
              <th key={cell} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={head[column]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
