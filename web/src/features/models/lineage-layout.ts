import type { Lineage, LineageNode } from "./page-api";

export const BOX = { width: 190, height: 52, gapX: 56, gapY: 16 } as const;

export interface Placed {
  node: LineageNode;
  x: number;
  y: number;
}

export interface Layout {
  boxes: Placed[];
  lines: { key: string; path: string; says: string }[];
  width: number;
  height: number;
}

/** Puts nodes into columns by their distance from the version: origins left, what follows right. */
export function layout(graph: Lineage): Layout {
  const columns = new Map<number, LineageNode[]>();
  for (const node of graph.nodes)
    columns.set(node.depth, [...(columns.get(node.depth) ?? []), node]);
  const depths = [...columns.keys()].sort((a, b) => a - b);
  const tallest = Math.max(1, ...[...columns.values()].map((nodes) => nodes.length));
  const height = tallest * (BOX.height + BOX.gapY) - BOX.gapY;
  const places = new Map<string, Placed>();
  depths.forEach((depth, column) => {
    const nodes = [...(columns.get(depth) ?? [])].sort(
      (a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name),
    );
    const used = nodes.length * (BOX.height + BOX.gapY) - BOX.gapY;
    nodes.forEach((node, row) => {
      places.set(node.id, {
        node,
        x: column * (BOX.width + BOX.gapX),
        y: (height - used) / 2 + row * (BOX.height + BOX.gapY),
      });
    });
  });
  return {
    boxes: [...places.values()],
    lines: graph.edges.flatMap((edge) => {
      const from = places.get(edge.source);
      const to = places.get(edge.target);
      if (!from || !to) return [];
      return [{ key: `${edge.source} ${edge.target}`, path: curve(from, to), says: edge.says }];
    }),
    width: depths.length * (BOX.width + BOX.gapX) - BOX.gapX,
    height,
  };
}

function curve(from: Placed, to: Placed): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = Math.max((x2 - x1) / 2, 24);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
