import { type UIEvent, useLayoutEffect, useRef } from "react";
import { CopyButton } from "./copy-field";
import classes from "./states.module.css";

interface Props {
  code: string;
  title?: string;
  /** Breaks long lines instead of scrolling. */
  wrap?: boolean;
  label?: string;
  /** Keeps its end in sight as it grows, until somebody scrolls back. */
  atEnd?: boolean;
}

const NEAR = 24; // pixels: about a line

/** Code to be copied whole. */
export function CodeBlock({
  code,
  title,
  wrap = false,
  label = title ?? "code",
  atEnd = false,
}: Props) {
  const shown = useRef<HTMLPreElement>(null);
  const isBack = useRef(false);
  useLayoutEffect(() => {
    if (atEnd) isBack.current = false;
  }, [atEnd]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new code is what moves the end
  useLayoutEffect(() => {
    const box = shown.current;
    if (atEnd && box && !isBack.current) box.scrollTop = box.scrollHeight;
  }, [atEnd, code]);
  const note = ({ currentTarget: box }: UIEvent<HTMLPreElement>) => {
    isBack.current = box.scrollTop + box.clientHeight < box.scrollHeight - NEAR;
  };
  return (
    <div className={`${classes.code} ${wrap ? classes.wrap : ""}`}>
      {title && <div className={classes.codeTitle}>{title}</div>}
      <div style={{ position: "relative" }}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <pre tabIndex={0} ref={shown} onScroll={note}>
          <code>{code}</code>
        </pre>
        <span className={classes.copyCorner}>
          <CopyButton value={code} label={label} />
        </span>
      </div>
    </div>
  );
}
