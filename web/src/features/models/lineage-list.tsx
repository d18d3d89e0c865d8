import { useNavigate } from "@tanstack/react-router";
import { here } from "@/lib/here";
import classes from "./lineage.module.css";
import { KINDS } from "./lineage-words";
import type { Lineage, LineageNode } from "./page-api";

/** The lineage as indented lists: where the version comes from, and where it goes. */
export function LineageList({ graph }: { graph: Lineage }) {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const before = neighbours(graph, "target", "source");
  const after = neighbours(graph, "source", "target");
  return (
    <div className="grid-2 top">
      <Side
        title="Comes from"
        empty="Nothing is known about its origin."
        start={graph.root}
        nodes={nodes}
        links={before}
      />
      <Side
        title="Goes to"
        empty="Nothing follows from it."
        start={graph.root}
        nodes={nodes}
        links={after}
      />
    </div>
  );
}

type Links = Map<string, { id: string; says: string }[]>;

function neighbours(graph: Lineage, from: "source" | "target", to: "source" | "target"): Links {
  const found: Links = new Map();
  for (const edge of graph.edges)
    found.set(edge[from], [...(found.get(edge[from]) ?? []), { id: edge[to], says: edge.says }]);
  return found;
}

interface SideProps {
  title: string;
  empty: string;
  start: string;
  nodes: Map<string, LineageNode>;
  links: Links;
}

function Side({ title, empty, start, nodes, links }: SideProps) {
  return (
    <section>
      <h3 className={classes.side}>{title}</h3>
      {links.get(start) ? (
        <Branch of={start} nodes={nodes} links={links} seen={[start]} />
      ) : (
        <p className="dim">{empty}</p>
      )}
    </section>
  );
}

interface BranchProps {
  of: string;
  nodes: Map<string, LineageNode>;
  links: Links;
  /** What stands above; a circle ends there. */
  seen: string[];
}

function Branch({ of, nodes, links, seen }: BranchProps) {
  const next = (links.get(of) ?? []).filter((one) => !seen.includes(one.id));
  if (next.length === 0) return null;
  return (
    <ul className={classes.branch}>
      {next.map(({ id, says }) => {
        const node = nodes.get(id);
        return (
          node && (
            <li key={id}>
              <span className="dim small">{KINDS[node.kind]} </span>
              <NodeLink node={node} /> <span className="dim small">{says}</span>
              {node.detail && <span className="dim small"> · {node.detail}</span>}
              <Branch of={id} nodes={nodes} links={links} seen={[...seen, id]} />
            </li>
          )
        );
      })}
    </ul>
  );
}

function NodeLink({ node }: { node: LineageNode }) {
  const navigate = useNavigate();
  if (!node.path) return <strong>{node.name}</strong>;
  const href = `/w/${encodeURIComponent(here().ws)}${node.path}`;
  return (
    <a
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        void navigate({ href });
      }}
    >
      {node.name}
    </a>
  );
}
