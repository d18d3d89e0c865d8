import { useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import classes from "./lineage.module.css";
import { BOX, layout, type Placed } from "./lineage-layout";
import { KINDS } from "./lineage-words";
import type { Lineage } from "./page-api";

const LONGEST = 21;
const PAD = 8;

/** The lineage as a picture; the list beside it says the same. */
export function LineageGraph({ graph }: { graph: Lineage }) {
  const { boxes, lines, width, height } = layout(graph);
  return (
    <div className={classes.scroll}>
      <svg
        width={width + 2 * PAD}
        height={height + 2 * PAD}
        viewBox={`${-PAD} ${-PAD} ${width + 2 * PAD} ${height + 2 * PAD}`}
        className={classes.graph}
        aria-hidden
      >
        <defs>
          <marker
            id="lineage-arrow"
            viewBox="0 0 8 8"
            refX={7}
            refY={4}
            markerWidth={7}
            markerHeight={7}
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" className={classes.tip} />
          </marker>
        </defs>
        {lines.map((line) => (
          <path
            key={line.key}
            d={line.path}
            className={classes.line}
            markerEnd="url(#lineage-arrow)"
          >
            <title>{line.says}</title>
          </path>
        ))}
        {boxes.map((box) => (
          <Box key={box.node.id} box={box} isRoot={box.node.id === graph.root} />
        ))}
      </svg>
    </div>
  );
}

function Box({ box: { node, x, y }, isRoot }: { box: Placed; isRoot: boolean }) {
  const navigate = useNavigate();
  const drawn = (
    <>
      <title>{`${node.name} ${node.detail}`}</title>
      <rect
        width={BOX.width}
        height={BOX.height}
        rx={8}
        className={isRoot ? classes.root : classes.node}
      />
      <text x={12} y={21} className={classes.kind}>
        {KINDS[node.kind]}
      </text>
      <text x={12} y={39} className={classes.name}>
        {node.name.length > LONGEST ? `${node.name.slice(0, LONGEST - 1)}…` : node.name}
      </text>
    </>
  );
  const place = `translate(${x} ${y})`;
  if (!node.path) return <g transform={place}>{drawn}</g>;
  const href = `/w/${encodeURIComponent(here().ws)}${node.path}`;
  return (
    <g transform={place}>
      <a
        href={href}
        tabIndex={-1}
        className={classes.link}
        onClick={(event) => {
          event.preventDefault();
          void navigate({ href });
        }}
      >
        {drawn}
      </a>
    </g>
  );
}
