"""`modelyard deployment …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from modelyard.deployments import Deployment
from modelyard.inference import Endpoint

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Deployed models.")
Address = Annotated[str, typer.Argument(help="environment/name, or the name if it is unique.")]
Version = Annotated[int | None, typer.Option(help="Model version; the latest when left out.")]


@app.command("list")
@refusals
def list_deployments() -> None:
    """List deployments with status and address."""
    table = Table("Deployment", "Status", "Model", "Version", box=None)
    table.add_column("Address", overflow="fold")
    for found in client().deployments.list():
        version = "" if found.live_version is None else str(found.live_version)
        table.add_row(
            f"{found.environment}/{found.name}", found.status, found.model_name, version, found.url
        )
    out.print(table)


@app.command()
@refusals
def create(
    model: Annotated[str, typer.Argument(help="Name of the registered model.")],
    version: Version = None,
    environment: Annotated[str, typer.Option(help="dev, staging or production.")] = "staging",
    name: Annotated[str | None, typer.Option(help="Name in the address.")] = None,
) -> None:
    """Deploy a model and wait until it serves."""
    made = client().deployments.deploy(model, version=version, environment=environment, name=name)
    _report(made.wait(on_change=_say))


@app.command()
@refusals
def update(address: Address, version: Version = None) -> None:
    """Serve another version at the same address and wait until it does."""
    session = client()
    found = session.deployments.find(address)
    _report(session.deployments.deploy_version(found.id, version).wait(on_change=_say))


@app.command()
@refusals
def rollback(
    address: Address,
    reason: Annotated[str | None, typer.Option(help="Why; needed in production.")] = None,
) -> None:
    """Serve the previous good revision again and wait until it does."""
    session = client()
    found = session.deployments.find(address)
    _report(session.deployments.roll_back(found.id, reason=reason).wait(on_change=_say))


@app.command()
@refusals
def stop(address: Address) -> None:
    """Stop serving; address, keys and history stay."""
    session = client()
    session.deployments.stop(session.deployments.find(address).id)
    out.print(f"{address} is stopping")


@app.command()
@refusals
def logs(
    address: Address, tail: Annotated[int, typer.Option(help="How many lines.")] = 200
) -> None:
    """Print the last lines of its model servers."""
    session = client()
    for line in session.deployments.logs(session.deployments.find(address).id, tail):
        out.print(escape(line))


@app.command()
@refusals
def key(address: Address, name: Annotated[str, typer.Option(help="What it is for.")]) -> None:
    """Create an endpoint key and print it, once."""
    session = client()
    typer.echo(session.deployments.create_key(session.deployments.find(address).id, name))


@app.command()
@refusals
def predict(
    address: Address,
    endpoint_key: Annotated[
        str, typer.Option("--key", envvar="MODELYARD_ENDPOINT_KEY", help="Endpoint key.")
    ],
    rows: Annotated[
        Path | None, typer.Option(help="JSON file with a list of rows; standard input if absent.")
    ] = None,
) -> None:
    """Send rows to a deployment and print the predictions as JSON."""
    text = rows.read_text() if rows is not None else sys.stdin.read()
    try:
        given = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"The rows are not JSON: {error}") from error
    url = client().deployments.find(address).url
    answer = Endpoint(url, endpoint_key).predict(given if isinstance(given, list) else [given])
    typer.echo(json.dumps(answer.predictions))


def _say(state: Deployment) -> None:
    out.print(f"  revision {state.revision}: {state.revision_status}")


def _report(done: Deployment) -> None:
    out.print(
        f"{done.environment}/{done.name} serves {done.model_name} version {done.live_version}"
    )
    out.print(f"  {done.url}")
