/** A name that means a person. */
export interface Mention {
  handle: string;
  display_name: string;
}

interface Node {
  type: string;
  value?: string;
  children?: Node[];
  data?: { hName?: string; hProperties?: Record<string, string> };
}

const WORD = /(?<![\w.@/+-])@([a-z0-9][a-z0-9._%+-]*(?:@[a-z0-9.-]+)?)/gi;

/** A remark plugin: turns `@name` of known people into marks that say who is meant. */
export function mentionsIn(mentions: Mention[]) {
  const known = new Map(mentions.map((one) => [one.handle.toLowerCase(), one]));
  return (tree: Node): void => {
    if (known.size > 0) visit(tree, known);
  };
}

function visit(node: Node, known: Map<string, Mention>): void {
  if (!node.children || node.type === "link") return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text" && child.value) return split(child.value, known);
    visit(child, known);
    return [child];
  });
}

function split(value: string, known: Map<string, Mention>): Node[] {
  const parts: Node[] = [];
  let end = 0;
  for (const match of value.matchAll(WORD)) {
    const word = (match[1] ?? "").replace(/[.-]+$/, "");
    const person = known.get(word.toLowerCase());
    if (!person) continue;
    const from = match.index;
    if (from > end) parts.push({ type: "text", value: value.slice(end, from) });
    end = from + 1 + word.length;
    parts.push({
      type: "mention",
      data: { hName: "mark", hProperties: { title: `@${word}` } },
      children: [{ type: "text", value: `@${person.display_name}` }],
    });
  }
  if (end < value.length) parts.push({ type: "text", value: value.slice(end) });
  return parts;
}
