"""What every framework gives the engine: a loaded model that predicts decoded requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modelyard_protocol.inference import Request
from modelyard_protocol.package import Package


class Unsupported(Exception):
    """The fast lane cannot load this package; the pyfunc lane may."""


class Model(Protocol):
    """A loaded model."""

    engine: str

    def predict(self, request: Request) -> list[Any]:
        """Give one plain JSON value per row."""
        ...


@dataclass(frozen=True, slots=True)
class ModelDir:
    """A model's directory with its parsed `MLmodel` file."""

    path: Path
    mlmodel: dict[str, Any]
    package: Package

    def flavor(self, name: str) -> dict[str, Any]:
        """Give a flavour's settings.

        Raises:
            Unsupported: the package has no such flavour.
        """
        settings = self.mlmodel["flavors"].get(name)
        if not isinstance(settings, dict):
            raise Unsupported(f"The package has no {name} flavor.")
        return settings
