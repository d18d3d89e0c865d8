"""`modelyard`: the command line. One file per noun."""

from __future__ import annotations

import typer

from . import (
    alert,
    artifact,
    batch,
    constraint,
    deployment,
    drift,
    importing,
    model,
    oauth_client,
    outcome,
    safeguard,
    storage,
)
from ._session import client, out, refusals

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Ship and watch models.")
app.add_typer(artifact.app, name="artifact")
app.add_typer(model.app, name="model")
app.add_typer(deployment.app, name="deployment")
app.add_typer(batch.app, name="batch")
app.add_typer(outcome.app, name="outcome")
app.add_typer(constraint.app, name="constraint")
app.add_typer(drift.app, name="drift")
app.add_typer(safeguard.app, name="safeguard")
app.add_typer(importing.app, name="import")
app.add_typer(alert.app, name="alert")
app.add_typer(storage.app, name="storage")
app.add_typer(oauth_client.app, name="oauth-client")


@app.command()
@refusals
def whoami() -> None:
    """Show the account and workspace of the token in MODELYARD_TOKEN."""
    me = client().whoami()
    places = ", ".join(f"{w['slug']} ({w['role']})" for w in me["workspaces"])
    out.print(f"{me['display_name']} <{me['email']}> in {places}")
