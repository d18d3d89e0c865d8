"""`modelyard model …`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Registered models.")


@app.command("list")
@refusals
def list_models(
    search: Annotated[str | None, typer.Argument(help="Part of the name.")] = None,
) -> None:
    """List models with their latest version and where they are live."""
    table = Table("Model", "Latest", "Framework", "Live in", box=None)
    for found in client().models.list(search):
        latest = "" if found.latest_version is None else str(found.latest_version)
        table.add_row(found.name, latest, found.framework or "", ", ".join(found.deployments))
    out.print(table)
