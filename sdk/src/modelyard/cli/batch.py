"""`modelyard batch …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from modelyard.batches import Batch, Form

from ._session import Address, client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Files of rows, scored in the background.")


@app.command()
@refusals
def run(
    address: Address,
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet.", exists=True)],
    version: Annotated[
        int | None, typer.Option(help="Model version; by the traffic split when left out.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write: .csv, .jsonl or .parquet."),
    ] = None,
    errors: Annotated[Path | None, typer.Option(help="Where to write refused rows.")] = None,
) -> None:
    """Score a file, wait for its end and write the results."""
    session = client()
    found = session.deployments.find(address)
    batch = session.batches.score(found.id, file, version=version)
    out.print(f"batch {batch.id}")
    done = session.batches.wait(batch.id, on_change=_say)
    if results is not None:
        session.batches.save_results(batch.id, results, _form_of(results))
    if errors is not None:
        session.batches.save_errors(batch.id, errors, _form_of(errors))
    out.print(f"{done.status}: {done.rows_done} rows scored, {done.rows_failed} refused")
    if done.status != "finished":
        raise typer.Exit(1)


@app.command("list")
@refusals
def list_batches(address: Address) -> None:
    """List a deployment's newest batches."""
    session = client()
    table = Table("Batch", "File", "Status", "Scored", "Refused", box=None)
    for one in session.batches.list(session.deployments.find(address).id):
        table.add_row(
            one.id, escape(one.file_name), one.status, str(one.rows_done), str(one.rows_failed)
        )
    out.print(table)


@app.command()
@refusals
def cancel(batch_id: Annotated[str, typer.Argument(help="Id of the batch.")]) -> None:
    """Stop a batch; what was scored stays."""
    stopped = client().batches.cancel(batch_id)
    out.print(f"cancelled after {stopped.rows_done} rows")


def _say(batch: Batch) -> None:
    if batch.is_open:
        out.print(
            f"  {batch.progress:.0%} read, {batch.rows_done} scored, {batch.rows_failed} refused"
        )


def _form_of(path: Path) -> Form:
    """Tell what to write by a file's ending."""
    endings: dict[str, Form] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
    return endings.get(path.suffix.lower(), "csv")
