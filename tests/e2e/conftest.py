"""A file of this folder is a story: its tests run in the order they are written."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)  # after the plugin that shuffles all other tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    stories = [item for item in items if HERE in item.path.parents]
    others = [item for item in items if HERE not in item.path.parents]
    stories.sort(key=lambda item: (str(item.path), item.location[1] or 0))
    items[:] = others + stories
