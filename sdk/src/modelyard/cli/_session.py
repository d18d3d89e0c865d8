"""What every command needs: a client, a console, and refusals as one readable line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from modelyard._client import Client
from modelyard._errors import ModelyardError

out = Console(highlight=False)
_errors = Console(stderr=True, highlight=False)
P = ParamSpec("P")
R = TypeVar("R")


def client() -> Client:
    """Give a client from the environment."""
    return Client()


def refusals(command: Callable[P, R]) -> Callable[P, R]:
    """Print a refusal as one line with its code and leave with status 1."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ModelyardError as error:
            code = f" [{error.code}]" if error.code else ""
            _errors.print(f"[red]modelyard:[/red] {escape(str(error) + code)}")
            for place in error.fields:
                _errors.print(escape("  " + _place(place)))
            raise typer.Exit(1) from None

    return wrapped


def _place(field: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in field.items())
