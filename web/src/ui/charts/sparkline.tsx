interface Props {
  values: (number | null)[];
  /** What it shows, in words: "Requests, last 24 h". */
  label: string;
  token?: string;
  width?: number;
  height?: number;
}

/** A line the size of a word. Missing values break it. */
export function Sparkline({ values, label, token = "series-1", width = 96, height = 24 }: Props) {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...known), Math.max(...known, Number.MIN_VALUE)];
  const step = width / Math.max(values.length - 1, 1);
  const y = (value: number) => height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
  const path = values
    .map((value, index) => {
      if (value === null) return "";
      const isStart = index === 0 || values[index - 1] === null;
      return `${isStart ? "M" : "L"}${(index * step).toFixed(1)} ${y(value).toFixed(1)}`;
    })
    .join("");
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: "block" }}>
      <title>{label}</title>
      <path
        d={path}
        fill="none"
        stroke={`var(--${token})`}
        strokeWidth={1.5}
        strokeLinejoin="round"
      />
    </svg>
  );
}
