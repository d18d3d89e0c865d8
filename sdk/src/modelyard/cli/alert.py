"""`modelyard alert …`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ._session import client, out, refusals

app = typer.Typer(no_args_is_help=True, help="What is wrong with deployments.")
Number = Annotated[int, typer.Argument(help="Number of the alert, as in the list.")]


class Tab(StrEnum):
    """Which alerts are listed."""

    open = "open"
    snoozed = "snoozed"
    resolved = "resolved"


class Resolution(StrEnum):
    """What an alert was."""

    fixed = "fixed"
    rolled_back = "rolled_back"
    bad_data = "bad_data"
    expected = "expected"
    false_alarm = "false_alarm"
    other = "other"


@app.command("list")
@refusals
def list_alerts(
    tab: Annotated[Tab, typer.Option(help="Which ones.")] = Tab.open,
) -> None:
    """List alerts, newest first."""
    table = Table("#", "Severity", "Deployment", "Alert", "Since", box=None)
    table.add_column("What", overflow="fold")
    for found in client().alerts.list(tab.value):
        text = found.signals[0] if found.signals else ""
        table.add_row(
            str(found.number),
            found.severity,
            escape(found.deployment),
            escape(found.title),
            found.opened_at[:16],
            escape(text),
        )
    out.print(table)


@app.command()
@refusals
def show(number: Number) -> None:
    """Print an alert with its signals, and its summary when it has ended."""
    found = client().alerts.find(number)
    out.print(escape(f"#{found.number} {found.title} · {found.deployment} ({found.severity})"))
    for text in found.signals:
        out.print(escape(f"  {text}"))
    if found.summary:
        out.print(escape(found.summary))


@app.command()
@refusals
def ack(number: Number) -> None:
    """Acknowledge an alert."""
    session = client()
    done = session.alerts.acknowledge(session.alerts.find(number).id)
    out.print(escape(f"#{done.number} is acknowledged by {done.acknowledged_by}"))


@app.command()
@refusals
def resolve(
    number: Number,
    cause: Annotated[Resolution, typer.Option("--as", help="What it was.")],
    note: Annotated[str | None, typer.Option(help="Becomes part of the summary.")] = None,
) -> None:
    """Resolve an alert with its cause."""
    session = client()
    done = session.alerts.resolve(session.alerts.find(number).id, cause.value, note)
    out.print(escape(f"#{done.number} is resolved"))
    if done.summary:
        out.print(escape(done.summary))


@app.command()
@refusals
def rollback(
    number: Number,
    reason: Annotated[str | None, typer.Option(help="Why; the alert itself when left out.")] = None,
) -> None:
    """Roll the alert's deployment back to the previous good revision."""
    session = client()
    done = session.alerts.roll_back(session.alerts.find(number).id, reason=reason)
    out.print(escape(f"{done.deployment} is being rolled back; #{done.number} watches it"))


@app.command()
@refusals
def shift(
    number: Number,
    percent: Annotated[int, typer.Argument(min=1, max=99, help="Share of the other version.")],
    reason: Annotated[str | None, typer.Option(help="Why; the alert itself when left out.")] = None,
) -> None:
    """Give the other version a share of the traffic of the alert's deployment."""
    session = client()
    done = session.alerts.shift(session.alerts.find(number).id, percent, reason=reason)
    text = f"{percent} % of {done.deployment} goes to the other version; #{done.number} watches it"
    out.print(escape(text))
