import { CopyButton } from "./copy-field";
import classes from "./states.module.css";

interface Props {
  code: string;
  title?: string;
  /** Breaks long lines instead of scrolling. */
  wrap?: boolean;
  label?: string;
}

/** Code to be copied whole. */
export function CodeBlock({ code, title, wrap = false, label = title ?? "code" }: Props) {
  return (
    <div className={`${classes.code} ${wrap ? classes.wrap : ""}`}>
      {title && <div className={classes.codeTitle}>{title}</div>}
      <div style={{ position: "relative" }}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre tabIndex={0}>
          <code>{code}</code>
        </pre>
        <span className={classes.copyCorner}>
          <CopyButton value={code} label={label} />
        </span>
      </div>
    </div>
  );
}
