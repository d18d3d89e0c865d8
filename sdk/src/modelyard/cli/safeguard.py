"""`modelyard safeguard …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ._session import Address, client, out, read_list, refusals

app = typer.Typer(no_args_is_help=True, help="What is held against answers at serving time.")


@app.command()
@refusals
def show(address: Address) -> None:
    """Print the safeguards of a deployment as JSON, for `apply`."""
    session = client()
    found = session.deployments.safeguards(session.deployments.find(address).id)
    typer.echo(json.dumps(found.safeguards, indent=2))


@app.command()
@refusals
def apply(
    address: Address,
    file: Annotated[
        Path | None, typer.Argument(help="JSON as `show` prints it; standard input if absent.")
    ] = None,
) -> None:
    """Hold what a file says against every answer, and nothing else."""
    rules = read_list(file, "safeguards")
    session = client()
    kept = session.deployments.set_safeguards(session.deployments.find(address).id, rules)
    out.print(f"version {kept.version}: {len(kept.safeguards)} safeguards of {address}")


@app.command()
@refusals
def held(
    address: Address,
    window: Annotated[str, typer.Option(help="1h, 24h or 7d.")] = "24h",
) -> None:
    """Tell how often each safeguard held against calls."""
    session = client()
    found = session.deployments.held(session.deployments.find(address).id, window=window)
    out.print(f"{found.calls} calls")
    for one in found.safeguards:
        share = "" if one.share is None else f" ({one.share:.1%})"
        newest = "".join(f", newest {call} row {row}" for call, row in one.examples[:1])
        out.print(escape(f"  {one.name}: {one.calls} calls{share}, {one.rows} rows{newest}"))
