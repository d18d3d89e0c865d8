"""`modelyard oauth-client …`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from modelyard._client import Client
from modelyard._errors import ModelyardError
from modelyard.oauth_clients import OAuthClient

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Programs that get tokens for all endpoints.")
Known = Annotated[str, typer.Argument(help="Id, client id or name.")]


@app.command()
@refusals
def create(
    name: Annotated[str, typer.Argument(help="Who will call.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="predict (default) or feedback; may be repeated.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option(help="One it may call (default: all); may be repeated.")
    ] = None,
    per_minute: Annotated[int | None, typer.Option(help="Requests a minute.", min=1)] = None,
) -> None:
    """Make a client and print its id and secret, once."""
    _print_secret(
        client().oauth_clients.create(
            name,
            scopes=scope or ["predict"],
            environments=environment or None,
            requests_per_minute=per_minute,
        )
    )


@app.command("list")
@refusals
def list_clients() -> None:
    """List the clients, without their secrets."""
    table = Table("Name", "Client id", "May", "Environments", "Last used", box=None)
    for one in client().oauth_clients.list():
        places = "all" if one.environments is None else ", ".join(one.environments)
        may = ", ".join(one.scopes)
        table.add_row(escape(one.name), one.client_id, may, places, one.last_used_at or "never")
    out.print(table)


@app.command()
@refusals
def rotate(
    known: Known,
    overlap_hours: Annotated[float, typer.Option(help="How long the old one works on.")] = 24,
) -> None:
    """Give a client another secret and print it, once."""
    session = client()
    found = _find(session, known)
    _print_secret(session.oauth_clients.rotate(found.id, overlap_hours=overlap_hours))


@app.command()
@refusals
def revoke(known: Known) -> None:
    """End a client and its access tokens."""
    session = client()
    found = _find(session, known)
    session.oauth_clients.revoke(found.id)
    out.print(f"{escape(found.name)} is revoked")


def _find(session: Client, known: str) -> OAuthClient:
    every = session.oauth_clients.list()
    matching = [one for one in every if known in (one.id, one.client_id, one.name)]
    if len(matching) != 1:
        raise ModelyardError(f"{len(matching)} clients are called {known!r}; use the client id.")
    return matching[0]


def _print_secret(made: OAuthClient) -> None:
    typer.echo(f"CLIENT_ID={made.client_id}")
    typer.echo(f"CLIENT_SECRET={made.client_secret}")
