"""`modelyard constraint …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ._session import Address, client, out, read_list, refusals

app = typer.Typer(no_args_is_help=True, help="What values of a deployment's columns may be.")


@app.command()
@refusals
def show(
    address: Address,
    proposed: Annotated[
        bool, typer.Option("--proposed", help="What the baseline lets ask.")
    ] = False,
) -> None:
    """Print what is asked of the columns as JSON, for `apply`."""
    session = client()
    found = session.deployments.constraints(session.deployments.find(address).id)
    typer.echo(json.dumps(found.proposed if proposed else found.columns, indent=2))


@app.command()
@refusals
def apply(
    address: Address,
    file: Annotated[
        Path | None, typer.Argument(help="JSON as `show` prints it; standard input if absent.")
    ] = None,
) -> None:
    """Ask of the columns what a file says, and of others nothing."""
    columns = read_list(file, "constraints")
    session = client()
    kept = session.deployments.set_constraints(session.deployments.find(address).id, columns)
    out.print(f"version {kept.version}: {len(kept.columns)} columns of {address}")


@app.command()
@refusals
def check(
    address: Address,
    window: Annotated[str, typer.Option(help="1h, 24h or 7d.")] = "24h",
) -> None:
    """Tell how live rows kept the constraints; ends with 1 when some are broken."""
    session = client()
    found = session.deployments.violations(session.deployments.find(address).id, window=window)
    out.print(escape(found.reason))
    for one in found.checks:
        if one.status == "broken":
            rows = ", ".join(f"{call} row {row}" for call, row in one.examples)
            out.print(escape(f"  {one.explain} {rows}".rstrip()))
    if found.status == "broken":
        raise typer.Exit(1)
