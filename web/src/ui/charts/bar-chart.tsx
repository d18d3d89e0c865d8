import { number } from "@/lib/format";
import classes from "./chart.module.css";
import { ChartFrame } from "./chart-frame";

export interface BarSeries {
  label: string;
  values: number[];
  /** Token name: "series-1" … */
  token: string;
}

interface Props {
  title: string;
  summary: string;
  /** One per bin. */
  labels: string[];
  /** Shorter labels for under the bars; the full ones stay in the table and on hover. */
  ticks?: string[];
  /** One series, or two to compare bin by bin. */
  series: BarSeries[];
  height?: number;
  format?: (value: number | null | undefined) => string;
}

const MOST_TICKS = 7;

/** Bars from zero, side by side per bin: histograms and shares. */
export function BarChart({
  title,
  summary,
  labels,
  ticks = labels,
  series,
  height = 180,
  format = number,
}: Props) {
  const every = Math.ceil(labels.length / MOST_TICKS);
  const top = Math.max(...series.flatMap((one) => one.values), Number.MIN_VALUE);
  return (
    <ChartFrame
      title={title}
      summary={summary}
      legend={series.map((one) => ({ label: one.label, colour: `var(--${one.token})` }))}
      table={{
        head: ["Bin", ...series.map((one) => one.label)],
        rows: labels.map((label, bin) => [label, ...series.map((one) => format(one.values[bin]))]),
      }}
    >
      <div className={classes.bars} aria-hidden>
        {labels.map((label, bin) => (
          <div
            key={label}
            className={classes.bin}
            title={`${label}\n${series.map((one) => `${one.label}: ${format(one.values[bin])}`).join("\n")}`}
          >
            <div className={classes.pair} style={{ height }}>
              {series.map((one) => (
                <div
                  key={one.label}
                  className={classes.bar}
                  style={{
                    "--swatch": `var(--${one.token})`,
                    height: `${(100 * (one.values[bin] ?? 0)) / top}%`,
                  }}
                />
              ))}
            </div>
            <span
              className={classes.binLabel}
              data-minor={(every > 1 && Math.floor(bin / every) % 2 === 1) || undefined}
            >
              {bin % every === 0 ? ticks[bin] : ""}
            </span>
          </div>
        ))}
      </div>
    </ChartFrame>
  );
}
