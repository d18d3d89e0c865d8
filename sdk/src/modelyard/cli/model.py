"""`modelyard model …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from modelyard.bundles import VerifiedBundle, verify

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


@app.command("export")
@refusals
def export_version(
    name: Annotated[str, typer.Argument(help="The model.")],
    version: Annotated[int, typer.Argument(help="Its version.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    sign: Annotated[bool, typer.Option(help="Sign it with the workspace's key.")] = True,
) -> None:
    """Write a version to one file: model, card, signature, lock, lineage, checksums."""
    session = client()
    model = session.models.get(name)
    with _bar() as bar:
        task = bar.add_task(output.name, total=None)
        made = session.bundles.export(
            model.id,
            version,
            output,
            sign=sign,
            progress=lambda done: bar.update(task, completed=done),
        )
    _tell(made)


@app.command("verify")
@refusals
def verify_bundle(
    file: Annotated[Path, typer.Argument(help="The bundle.", exists=True, dir_okay=False)],
    key: Annotated[
        str | None, typer.Option(help="Public key that must have signed it, or a file with it.")
    ] = None,
) -> None:
    """Compare a bundle with its checksums and check its signature; needs no server."""
    found = verify(file, key=key)
    _tell(found)
    if found.signed_by and not key:
        out.print("Compare the key with that of who sent it, or pass it as --key.")


@app.command("import")
@refusals
def import_version(
    file: Annotated[Path, typer.Argument(help="The bundle.", exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="Of the model here.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Public key that must have signed it, or a file with it.")
    ] = None,
) -> None:
    """Bring in a bundle as the next version of its model."""
    with _bar() as bar:
        task = bar.add_task(file.name, total=file.stat().st_size)
        made = client().bundles.bring(
            file, name=name, key=key, progress=lambda done: bar.update(task, completed=done)
        )
    out.print(f"{made.model} v{made.version}, content {made.digest}", soft_wrap=True)


@app.command("key")
@refusals
def show_key() -> None:
    """Print the public key that verifies what this workspace signs."""
    out.print(client().bundles.key(), soft_wrap=True)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(*columns, TransferSpeedColumn(), console=out, transient=True)


def _tell(found: VerifiedBundle) -> None:
    out.print(f"{found.model} v{found.version}, content {found.digest}", soft_wrap=True)
    out.print(f"{found.files} files, {decimal(found.size_bytes)}; every checksum is right.")
    signed = f"Signed by {found.signed_by}" if found.signed_by else "Not signed."
    out.print(signed, soft_wrap=True)
