from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.make.nodes import RunningNode, a_node, a_route, a_server
from tests.make.packages import a_classifier_package


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the quickstart's model as MLflow saves it."""
    return a_classifier_package(tmp_path_factory.mktemp("packages") / "classifier")


@pytest.fixture(scope="module")
def serving(classifier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """Give a node that serves the classifier at one address."""
    with a_node(tmp_path_factory.mktemp("node")) as node:
        node.want([a_server(classifier)], [a_route(classifier, {"a" * 32: 100})])
        node.start()
        node.wait_ready()
        yield node
