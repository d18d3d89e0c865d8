"""What a recipe is, and short ways to write one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .seeds import Ids, World


@dataclass(frozen=True)
class Recipe:
    """Body and query of a call, made from ids."""

    body: Callable[[Ids], Any] | None = None
    query: Callable[[Ids], dict[str, Any]] | None = None
    before: Callable[[World], object] | None = None
    """Brings the world into the state the operation needs."""
    form: bool = False
    """The body is sent as a form."""


def named(**more: Any) -> Recipe:
    """A body that names a registered model."""
    return Recipe(lambda ids: {"name": ids["model name"], **more})


def of_run(**more: Any) -> Recipe:
    """A body that names a run."""
    return Recipe(lambda ids: {"run_id": ids["run_id"], **more})


def of_experiment(**more: Any) -> Recipe:
    """A body that names an experiment."""
    return Recipe(lambda ids: {"experiment_id": ids["experiment_id"], **more})


def asking(**seeds: str) -> Recipe:
    """A query that names things by their seeds; other words are sent as they are."""
    return Recipe(query=lambda ids: {k: ids[v[1:]] if v[0] == "@" else v for k, v in seeds.items()})
