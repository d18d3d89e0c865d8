"""`modelyard drift …`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from ._session import Address, client, out, refusals

app = typer.Typer(no_args_is_help=True, help="How live rows differ from the training data.")


@app.callback()
def group() -> None:
    """How live rows differ from the training data."""


@app.command()
@refusals
def show(
    address: Address,
    window: Annotated[str, typer.Option(help="1h, 24h or 7d.")] = "24h",
    check: Annotated[
        bool, typer.Option("--check", help="End with 1 when a drift is confirmed.")
    ] = False,
) -> None:
    """Tell whether inputs and predictions have moved, column by column and together."""
    session = client()
    deployment_id = session.deployments.find(address).id
    alone = session.deployments.drift(deployment_id, window=window)
    together = session.deployments.joint_drift(deployment_id, window=window)
    out.print(escape(f"columns: {alone.verdict}. {alone.reason}"))
    for one in alone.features:
        if one.status == "drifting":
            out.print(escape(f"  {one.feature}: {one.explain}"))
    if alone.quality == "faulty":
        out.print(escape(f"data: {alone.quality_reason}"))
    out.print(escape(f"together: {together.verdict}. {together.reason}"))
    for pair in together.pairs:
        if pair.is_drifting:
            moved = f"{pair.reference:.2f} before, {pair.current:.2f} now"
            out.print(escape(f"  {pair.first} and {pair.second}: correlation {moved}"))
    if check and (alone.is_confirmed or together.is_confirmed):
        raise typer.Exit(1)
