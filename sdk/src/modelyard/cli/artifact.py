"""`modelyard artifact …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from modelyard.artifacts import StoredArtifact

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Large files of runs and models.")
Remote = Annotated[str, typer.Argument(help="Such as runs/<run id>/model.bin.")]


@app.command()
@refusals
def upload(
    file: Annotated[Path, typer.Argument(help="What to send.", exists=True, dir_okay=False)],
    path: Remote,
) -> None:
    """Send a file in parts; after an interruption, the same command goes on where it stopped."""
    with _bar() as bar:
        task = bar.add_task(file.name, total=None)
        stored = client().artifacts.upload(
            file, path, progress=lambda done, size: bar.update(task, completed=done, total=size)
        )
    _say(stored)


@app.command()
@refusals
def download(path: Remote, file: Annotated[Path, typer.Argument(help="Where to put it.")]) -> None:
    """Fetch a file; after an interruption, the same command goes on where it stopped."""
    with _bar() as bar:
        task = bar.add_task(file.name, total=None)
        stored = client().artifacts.download(
            path, file, progress=lambda done, size: bar.update(task, completed=done, total=size)
        )
    _say(stored)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    return Progress(*columns, TransferSpeedColumn(), console=out, transient=True)


def _say(stored: StoredArtifact) -> None:
    out.print(f"{stored.path}: {stored.size_bytes} bytes, sha256 {stored.sha256}", soft_wrap=True)
