"""No test leaves behind what the MLflow client keeps in its process and environment.

`mlflow.set_experiment`, `set_tracking_uri`, `set_workspace` and `autolog` are meant to last as
long as the process, and a process runs many tests, in any order.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_CHOICES = (
    ("mlflow.tracking.fluent", "_active_experiment_id"),
    ("mlflow.tracking._tracking_service.utils", "_tracking_uri"),
    ("mlflow.tracking._model_registry.utils", "_registry_uri"),
)
_OF_PYTEST = "PYTEST_CURRENT_TEST"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != _OF_PYTEST}


def _choices() -> dict[tuple[str, str], Any]:
    return {
        (module, name): getattr(sys.modules[module], name)
        for module, name in _CHOICES
        if module in sys.modules
    }


def _autologging() -> dict[str, dict[str, Any]]:
    module = sys.modules.get("mlflow.utils.autologging_utils")
    found = getattr(module, "AUTOLOGGING_INTEGRATIONS", {})
    return {name: dict(settings) for name, settings in found.items()}


def _put_back(
    environment: dict[str, str],
    choices: dict[tuple[str, str], Any],
    autologging: dict[str, dict[str, Any]],
) -> None:
    for name in _environment().keys() - environment.keys():
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    for module, name in _choices():
        setattr(sys.modules[module], name, choices.get((module, name)))
    for library in _autologging():  # without settings a library's autologging is off
        settings = sys.modules["mlflow.utils.autologging_utils"].AUTOLOGGING_INTEGRATIONS[library]
        settings.clear()
        settings.update(autologging.get(library, {}))


@contextmanager
def _as_before() -> Iterator[None]:
    before = _environment(), _choices(), _autologging()
    yield
    _put_back(*before)


@pytest.fixture(autouse=True, scope="module")
def _module_leaves_nothing() -> Iterator[None]:
    with _as_before():
        yield


@pytest.fixture(autouse=True)
def _test_leaves_nothing() -> Iterator[None]:
    with _as_before():
        yield
