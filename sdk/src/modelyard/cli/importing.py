"""`modelyard import …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from modelyard._errors import ModelyardError
from modelyard.importing import Importer, Source

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Bring runs and models from another tool.")
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what would be brought and stop.")]
_WORDS = {
    "experiment": "experiments",
    "run": "runs",
    "logged_model": "logged models",
    "model": "registered models",
    "version": "model versions",
}


@app.callback()
def importing() -> None:
    """Bring histories with their ids and times. Repeat it as often as you like."""


@app.command("mlflow")
@refusals
def from_mlflow(
    place: Annotated[
        str, typer.Argument(help="Address of an MLflow server, a folder mlruns, or a SQLite file.")
    ],
    artifacts: Annotated[
        Path | None, typer.Option(help="Where the files are, if the history names another place.")
    ] = None,
    experiment: Annotated[
        list[str] | None, typer.Option(help="Only experiments of this name; repeatable.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring experiments, runs, files, models and versions of MLflow.

    A server that asks for credentials: SOURCE_MLFLOW_TRACKING_TOKEN, or …_USERNAME and …_PASSWORD.
    """
    from modelyard.importing import mlflow_source

    session = client()
    try:
        with mlflow_source.opened(place, artifacts=artifacts, only=experiment or ()) as source:
            _bring(Importer(session._transport, source), source, dry_run=dry_run)
    except (OSError, ValueError) as error:
        raise ModelyardError(str(error)) from error


@app.command("wandb")
@refusals
def from_wandb(
    folder: Annotated[Path, typer.Argument(help="The folder wandb, or one above it.")],
    dry_run: DryRun = False,
) -> None:
    """Bring runs that the W&B client wrote to this disk, synchronised or not."""
    from modelyard.importing.wandb_source import WandbSource

    session = client()
    try:
        source = WandbSource(folder)
    except (OSError, ValueError) as error:
        raise ModelyardError(str(error)) from error
    _bring(Importer(session._transport, source), source, dry_run=dry_run)


@app.command("neptune")
@refusals
def from_neptune(
    data: Annotated[Path, typer.Argument(help="The exporter's folder of Parquet files.")],
    files: Annotated[
        Path | None, typer.Option(help="The exporter's folder of files, if there is one.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring runs that Neptune's exporter wrote."""
    from modelyard.importing.neptune_source import NeptuneSource

    session = client()
    try:
        source = NeptuneSource(data, files)
    except (OSError, ValueError) as error:
        raise ModelyardError(str(error)) from error
    _bring(Importer(session._transport, source), source, dry_run=dry_run)


def _bring(importer: Importer, source: Source, *, dry_run: bool) -> None:
    if dry_run:
        _tell("would be brought", importer.plan())
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("Counting", total=None)
        planned = importer.plan()
        bar.update(task, total=sum(planned.values()))

        def step(kind: str, name: str, _is_unchanged: bool) -> None:
            what = escape(f"{kind.replace('_', ' ')} {name}"[:40])
            bar.update(task, advance=1, description=what)

        importer.on_item = step
        report = importer.run()
        bar.update(task, description="Done")
    _tell("brought", report.done)
    if report.unchanged:
        _tell("here already", report.unchanged)
    for problem in report.problems:
        out.print(escape(f"  not brought: {problem}"))
    if report.problems:
        out.print(f"Import from {source.label} ended with {len(report.problems)} problems.")
        raise typer.Exit(1)


def _tell(what: str, counts: dict[str, int]) -> None:
    said = [f"{counts[kind]} {word}" for kind, word in _WORDS.items() if counts.get(kind)]
    out.print(f"{what.capitalize()}: {', '.join(said) or 'nothing'}")
