"""Registered models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ._errors import NotFound
from ._transport import Transport


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model."""

    id: str
    name: str
    latest_version: int | None
    framework: str | None
    deployments: tuple[str, ...]
    """`environment/name` of what serves it now."""


class Models:
    """Reads the registry."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, search: str | None = None) -> Iterator[Model]:
        """Give every model whose name contains `search`."""
        for item in self._transport.pages("/api/v1/models", q=search):
            yield _model(item)

    def get(self, name: str) -> Model:
        """Give the model of a name.

        Raises:
            NotFound: the workspace has no such model.
        """
        for model in self.list(name):
            if model.name == name:
                return model
        raise NotFound(f"There is no model named {name!r} in this workspace.", status=404)


def _model(item: dict[str, Any]) -> Model:
    return Model(
        id=item["id"],
        name=item["name"],
        latest_version=item["latest_version"],
        framework=item["framework"],
        deployments=tuple(item["deployments"]),
    )
