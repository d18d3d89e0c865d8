import { Button } from "@mantine/core";
import { useState } from "react";
import classes from "./json-tree.module.css";

const AT_ONCE = 100;
const LONGEST = 300;
const OPEN_LEVELS = 2;

/** A JSON value that opens level by level; long lists and texts are cut until asked for. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <section className={classes.tree} aria-label={label}>
      <Node value={value} depth={0} />
    </section>
  );
}

interface NodeProps {
  name?: string;
  value: unknown;
  depth: number;
}

function Node({ name, value, depth }: NodeProps) {
  const [opened, setOpened] = useState(depth < OPEN_LEVELS);
  const entries = entriesOf(value);
  if (entries === null || entries.length === 0) {
    return (
      <div className={classes.line}>
        {name !== undefined && <Name of={name} />}
        <Leaf value={value} />
      </div>
    );
  }
  const [before, after] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return (
    <div>
      <button
        type="button"
        className={classes.fold}
        aria-expanded={opened}
        onClick={() => setOpened(!opened)}
      >
        {opened ? "▾" : "▸"} {name !== undefined && <Name of={name} />}
        {before}
        {!opened && ` ${entries.length} ${after}`}
      </button>
      {opened && <Children entries={entries} depth={depth + 1} />}
    </div>
  );
}

function Children({ entries, depth }: { entries: [string, unknown][]; depth: number }) {
  const [shown, setShown] = useState(AT_ONCE);
  return (
    <div className={classes.inside}>
      {entries.slice(0, shown).map(([key, child]) => (
        <Node key={key} name={key} value={child} depth={depth} />
      ))}
      {entries.length > shown && (
        <Button variant="subtle" size="compact-xs" onClick={() => setShown(shown + AT_ONCE * 5)}>
          {entries.length - shown} more
        </Button>
      )}
    </div>
  );
}

const Name = ({ of }: { of: string }) => <span className={classes.name}>{of}: </span>;

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") {
    return <span className={classes.other}>{JSON.stringify(value)}</span>;
  }
  const isCut = value.length > LONGEST && !whole;
  return (
    <span>
      “{isCut ? `${value.slice(0, LONGEST)}…` : value}”{" "}
      {isCut && (
        <Button variant="subtle" size="compact-xs" onClick={() => setWhole(true)}>
          Show all
        </Button>
      )}
    </span>
  );
}

function entriesOf(value: unknown): [string, unknown][] | null {
  return typeof value === "object" && value !== null ? Object.entries(value) : null;
}
