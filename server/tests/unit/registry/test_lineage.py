"""The graph around a version."""

from modelyard_server.registry.lineage import MOST_NODES, Graph, Node, if_deleted


def a_graph():
    graph = Graph("version:m/2")
    for kind in ("dataset:d", "run:r", "version:m/2", "alias:a", "deployment:p", "version:n/1"):
        graph.add(Node(kind, kind.partition(":")[0], kind))
    for source, target in (
        ("dataset:d", "run:r"),
        ("run:r", "version:m/2"),
        ("version:m/2", "alias:a"),
        ("version:m/2", "deployment:p"),
        ("version:m/2", "version:n/1"),
    ):
        graph.link(source, target, "")
    return graph


def test_depth_counts_from_the_version_both_ways():
    depths = a_graph().depths()
    assert (depths["dataset:d"], depths["run:r"], depths["version:m/2"]) == (-2, -1, 0)
    assert depths["deployment:p"] == depths["version:n/1"] == 1


def test_what_breaks_is_told_worst_first():
    found = if_deleted(a_graph(), {"deployment:p"})
    assert [(c.node, c.effect) for c in found] == [
        ("deployment:p", "refused"),
        ("alias:a", "removed"),
        ("version:n/1", "stays"),
    ]
    assert [c.effect for c in if_deleted(a_graph(), set())] == ["removed", "stays"]


def test_a_graph_stays_small_and_says_so():
    graph = Graph("0")
    for number in range(MOST_NODES + 5):
        graph.add(Node(str(number), "run", ""))
    assert len(graph.nodes) == MOST_NODES
    assert not graph.is_complete
    graph.link("0", "not there", "")
    assert graph.edges == {}
