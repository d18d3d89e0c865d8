"""`modelyard outcome …`."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from modelyard.outcomes import Outcome, OutcomeCounts

from ._session import Address, client, out, refusals

app = typer.Typer(no_args_is_help=True, help="What really came of predictions.")


@app.callback()
def outcomes() -> None:
    """Commands about outcomes."""


@app.command()
@refusals
def send(
    address: Address,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV, JSON list or JSON lines with prediction_id, value and optionally at and "
            "row; JSON on standard input if absent. Of rankings the value is the list of relevant "
            "items, or an object with the gain of each. Instead of prediction_id it may have "
            "entity, at and optionally since."
        ),
    ] = None,
    within_days: Annotated[
        float, typer.Option(min=0, help="How old the prediction of an entity may be at most.")
    ] = 30,
) -> None:
    """Send outcomes of predictions and print what became of them."""
    try:
        text = file.read_text() if file is not None else sys.stdin.read()
        is_csv = file is not None and file.suffix.lower() == ".csv"
        found = [_outcome(one) for one in (_csv(text) if is_csv else _json(text))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"The outcomes cannot be read: {error!r}") from error
    session = client()
    deployment, within = session.deployments.find(address), dt.timedelta(days=within_days)
    _tell(session.deployments.send_outcomes(deployment.id, found, within=within))


@app.command()
@refusals
def pull(
    address: Address,
    from_start: Annotated[
        bool, typer.Option(help="Read everything again, also what was read before.")
    ] = False,
) -> None:
    """Read the deployment's source of outcomes now and print what became of them."""
    session = client()
    deployment = session.deployments.find(address)
    _tell(session.deployments.pull_outcomes(deployment.id, from_start=from_start))


def _tell(sent: OutcomeCounts) -> None:
    out.print(
        f"{sent.received} received: {sent.matched} matched, {sent.waiting} waiting, "
        f"{sent.duplicates} duplicates, {sent.corrected} corrected, {sent.rejected} rejected"
    )
    for reason, count in sent.reasons.items():
        out.print(f"  {reason.replace('_', ' ')}: {count}")
    for problem in sent.problems:
        out.print(escape(f"  {problem}"))
    if sent.rejected:
        raise typer.Exit(1)


def _csv(text: str) -> list[dict[str, Any]]:
    """Cells are text; the server compares them with the kind of value the model predicts."""
    return list(csv.DictReader(text.lstrip("\ufeff").splitlines()))


def _relevant(value: Any) -> Any:
    """Read the relevant items of a ranking from the JSON in a cell."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _json(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return found if isinstance(found, list) else [found]


def _outcome(one: dict[str, Any]) -> Outcome:
    entity = one.get("entity")
    entity = None if entity == "" else entity
    return Outcome(
        one["prediction_id"] if entity is None else None,
        _relevant(one["value"]),
        at=_instant(one.get("at")),
        row=int(one.get("row") or 0),
        entity=entity,
        since=_instant(one.get("since")),
    )


def _instant(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
