"""A graph of where a version comes from and where it goes; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

MOST_NODES = 300


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in the history of a version."""

    id: str
    kind: str
    name: str
    detail: str = ""
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` came first."""

    source: str
    target: str
    says: str


@dataclass(slots=True)
class Graph:
    """Grows up to a limit; adding something twice changes nothing."""

    root: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    is_complete: bool = True

    def add(self, node: Node) -> bool:
        """Take in a node; tell whether it is new and there was room."""
        if node.id in self.nodes:
            return False
        if len(self.nodes) >= MOST_NODES:
            self.is_complete = False
            return False
        self.nodes[node.id] = node
        return True

    def link(self, source: str, target: str, says: str) -> None:
        """Draw an edge between nodes that are there."""
        if source in self.nodes and target in self.nodes and source != target:
            self.edges.setdefault((source, target), Edge(source, target, says))

    def depths(self) -> dict[str, int]:
        """Give each node's distance from the root, negative upstream.

        What is reached against the arrows only is upstream; the rest is downstream of something.
        """
        before: dict[str, list[str]] = {}
        after: dict[str, list[str]] = {}
        for edge in self.edges.values():
            after.setdefault(edge.source, []).append(edge.target)
            before.setdefault(edge.target, []).append(edge.source)
        depth = {self.root: 0}
        self._walk(before, depth, -1)
        self._walk(after, depth, 1)
        return depth

    def _walk(self, links: dict[str, list[str]], depth: dict[str, int], step: int) -> None:
        waiting = deque(depth if step > 0 else [self.root])
        while waiting:
            here = waiting.popleft()
            for there in sorted(links.get(here, [])):
                if there not in depth:
                    depth[there] = depth[here] + step
                    waiting.append(there)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of a node when the root is deleted."""

    node: str
    effect: str
    says: str


def if_deleted(graph: Graph, serving: set[str]) -> list[Consequence]:
    """Say what breaks if the root is deleted; `serving` are deployments that need it."""
    found: list[Consequence] = []
    for (source, target), _ in sorted(graph.edges.items()):
        if source != graph.root:
            continue
        node = graph.nodes[target]
        if node.kind == "deployment" and target in serving:
            says = f"{node.name} serves it, or would return to it: deleting is refused."
            found.append(Consequence(target, "refused", says))
        elif node.kind == "alias":
            found.append(Consequence(target, "removed", f"The alias {node.name} disappears."))
        elif node.kind == "version":
            says = f"{node.name} is a copy with files of its own; it stays, without its origin."
            found.append(Consequence(target, "stays", says))
    order = {"refused": 0, "removed": 1, "stays": 2}
    return sorted(found, key=lambda one: order[one.effect])
