"""What every command needs: a client, a console, and refusals as one readable line."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from modelyard._client import Client
from modelyard._errors import ModelyardError

out = Console(highlight=False)
_errors = Console(stderr=True, highlight=False)
Address = Annotated[str, typer.Argument(help="environment/name, or the name if it is unique.")]
"""A deployment, as a command's first argument."""
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


def read_list(file: Path | None, what: str) -> list[dict[str, Any]]:
    """Read a JSON list from a file, or from standard input.

    Raises:
        typer.BadParameter: it cannot be read, or is no list; `what` names it for people.
    """
    try:
        found = json.loads(file.read_text() if file is not None else sys.stdin.read())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"The {what} cannot be read: {error}") from error
    if not isinstance(found, list):
        raise typer.BadParameter(f"The {what} are no list.")
    return found


def _place(field: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in field.items())
