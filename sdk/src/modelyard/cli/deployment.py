"""`modelyard deployment …`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.markup import escape
from rich.table import Table

from modelyard._errors import ModelyardError
from modelyard.deployments import Deployment
from modelyard.inference import Endpoint
from modelyard.rollouts import Approval, ServingConfig, Strategy
from modelyard.rollouts import Kind as RolloutKind

from ._session import Address, client, out, refusals

app = typer.Typer(no_args_is_help=True, help="Deployed models.")
Kind = Annotated[
    str | None, typer.Option("--strategy", help="all_at_once, blue_green, canary, linear, shadow.")
]
Percent = Annotated[int, typer.Option(min=1, max=100, help="Share, step, or calls copied.")]
Bake = Annotated[int, typer.Option(min=0, help="Seconds each step is watched.")]
Hold = Annotated[bool, typer.Option("--hold", help="Stay at the first share until told on.")]
Guarded = Annotated[bool, typer.Option(help="Go back by itself when it does worse.")]
Why = Annotated[str | None, typer.Option("--reason", help="Why; needed in production.")]
ApprovedBy = Annotated[
    str | None, typer.Option(help="Who approved it, as 'Name' or 'Name <address of the ticket>'.")
]
Version = Annotated[int | None, typer.Option(help="Model version; the latest when left out.")]
Engine = Annotated[
    str | None, typer.Option(help="Serve it with this engine; the server picks when left out.")
]
Cores = Annotated[float | None, typer.Option("--cpu", help="Cores; goes with --engine.")]
Memory = Annotated[float | None, typer.Option("--memory-gb", help="Goes with --engine.")]
Gpus = Annotated[int | None, typer.Option("--gpu", help="Goes with --engine.")]


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
    engine: Engine = None,
    cpu: Cores = None,
    memory_gb: Memory = None,
    gpu: Gpus = None,
    approved_by: ApprovedBy = None,
) -> None:
    """Deploy a model and wait until it serves."""
    made = client().deployments.deploy(
        model,
        version=version,
        environment=environment,
        name=name,
        config=_config(engine, cpu, memory_gb, gpu),
        approval=_approval(approved_by),
    )
    _report(made.wait(on_change=_say))


@app.command()
@refusals
def update(  # noqa: PLR0913, PLR0917 - each is an option of the command
    address: Address,
    version: Version = None,
    engine: Engine = None,
    cpu: Cores = None,
    memory_gb: Memory = None,
    gpu: Gpus = None,
    strategy: Kind = None,
    percent: Percent = 10,
    bake: Bake = 300,
    hold: Hold = False,
    guards: Guarded = True,
    tolerance: Annotated[float, typer.Option(help="Of a shadow: numbers agree within.")] = 0.01,
    reason: Why = None,
    approved_by: ApprovedBy = None,
) -> None:
    """Serve another version at the same address and wait until it does."""
    session = client()
    found = session.deployments.find(address)
    chosen = _strategy(strategy, percent, None if hold else bake, guards, tolerance)
    made = session.deployments.deploy_version(
        found.id,
        version,
        config=_config(engine, cpu, memory_gb, gpu),
        strategy=chosen,
        reason=reason,
        approval=_approval(approved_by),
    )
    _report(made.wait(on_change=_say))


@app.command()
@refusals
def traffic(
    address: Address,
    share: Annotated[int, typer.Argument(min=0, max=100, help="Percent; 0 ends, 100 completes.")],
    reason: Why = None,
) -> None:
    """Give the revision being rolled out a share of the traffic; also a shadow."""
    session = client()
    found = session.deployments.find(address)
    if found.live_revision is None:
        raise ModelyardError(f"Nothing is live at {address}.")
    weights = {found.live_revision: 100 - share, found.revision: share}
    session.deployments.set_traffic(found.id, weights, reason=reason)
    out.print(f"revision {found.revision} gets {share} % of the traffic of {address}")


@app.command()
@refusals
def scale(
    address: Address,
    least: Annotated[int, typer.Option("--min", min=0, help="0: it sleeps.")] = 1,
    most: Annotated[int, typer.Option("--max", min=1)] = 1,
    target: Annotated[int, typer.Option(min=1, help="Waiting calls a process.")] = 4,
    sleep_after: Annotated[
        float | None, typer.Option(help="Minutes without a call; goes with --min 0.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As the environment has it.")] = False,
) -> None:
    """Set how many processes serve a deployment, and when it sleeps."""
    session = client()
    found = session.deployments.find(address)
    if reset:
        session.deployments.reset_scale(found.id)
        out.print(f"{address} has the processes that its environment gives by default")
        return
    session.deployments.scale(
        found.id,
        least=least,
        most=most,
        target_concurrency=target,
        sleep_after_minutes=sleep_after,
    )
    rest = "never sleeps" if sleep_after is None else f"sleeps after {sleep_after:g} min"
    out.print(f"{address} has {least} to {most} processes and {rest}")


@app.command()
@refusals
def shadow(address: Address) -> None:
    """Tell how the shadow answered copies of live calls."""
    session = client()
    seen = session.deployments.shadow(session.deployments.find(address).id)
    rate = "nothing compared" if seen.disagreement is None else f"{seen.disagreement:.1%}"
    out.print(f"revision {seen.revision} (version {seen.version}) disagrees: {rate}")
    out.print(f"  {seen.calls} copies, {seen.failed} failed, {seen.dropped} thrown away")
    out.print(f"  p95 in the model {seen.p95_ms} ms, live {seen.live_p95_ms} ms")
    for condition, here, elsewhere in seen.slices:
        out.print(escape(f"  {condition}: {here:.1%}, elsewhere {elsewhere:.1%}"))


@app.command()
@refusals
def promote(
    address: Address,
    to: Annotated[str, typer.Option(help="Environment.")],
    strategy: Kind = None,
    percent: Percent = 10,
    bake: Bake = 300,
    reason: Why = None,
    approved_by: ApprovedBy = None,
) -> None:
    """Serve the identical files and environment in another environment."""
    session = client()
    found = session.deployments.find(address)
    chosen = _strategy(strategy, percent, bake, True, 0.01)
    made = session.deployments.promote(
        found.id,
        to,
        strategy=chosen,
        reason=reason,
        approval=_approval(approved_by),
    )
    _report(made.wait(on_change=_say))


@app.command()
@refusals
def rollback(
    address: Address,
    reason: Why = None,
    to: Annotated[int | None, typer.Option(help="Revision; the previous good one if absent.")] = (
        None
    ),
) -> None:
    """Serve the previous good revision again and wait until it does."""
    session = client()
    found = session.deployments.find(address)
    made = session.deployments.roll_back(found.id, revision=to, reason=reason)
    _report(made.wait(on_change=_say))


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
def key(
    address: Address,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="predict (default) or feedback; may be repeated.")
    ] = None,
    per_minute: Annotated[int | None, typer.Option(help="Requests a minute.", min=1)] = None,
    per_month: Annotated[int | None, typer.Option(help="Requests a month.", min=1)] = None,
    tokens: Annotated[
        int | None,
        typer.Option("--tokens-per-month", help="Tokens a month, of a language model.", min=1),
    ] = None,
) -> None:
    """Create an endpoint key and print it, once."""
    session = client()
    made = session.deployments.create_key(
        session.deployments.find(address).id,
        name,
        scopes=scope or ["predict"],
        requests_per_minute=per_minute,
        requests_per_month=per_month,
        tokens_per_month=tokens,
    )
    typer.echo(made)


@app.command()
@refusals
def keys(address: Address) -> None:
    """List its endpoint keys, without their secrets."""
    session = client()
    table = Table("Id", "Name", "Key", "Expires", "Last used", box=None)
    for found in session.deployments.keys(session.deployments.find(address).id):
        shown = (found.id, found.name, f"myk_{found.public_id}_…")
        ends = found.expires_at or "never"
        if found.replaced_by:
            ends += f" (replaced by myk_{found.replaced_by}_…)"
        table.add_row(*shown, ends, found.last_used_at or "never")
    out.print(table)


@app.command("rotate-key")
@refusals
def rotate_key(
    address: Address,
    name: Annotated[str, typer.Argument(help="Id or name of the key.")],
    overlap_hours: Annotated[float, typer.Option(help="How long the old one works on.")] = 24,
) -> None:
    """Make a key like an old one and print it, once."""
    session = client()
    found = session.deployments.find(address)
    keys = session.deployments.keys(found.id)
    matching = [one for one in keys if name in (one.id, one.name)]
    if len(matching) > 1:  # a key has the name of the one it replaces
        matching = [one for one in matching if one.replaced_by is None]
    if len(matching) != 1:
        raise ModelyardError(f"{len(matching)} keys of {address} are called {name!r}; use the id.")
    made = session.deployments.rotate_key(found.id, matching[0].id, overlap_hours=overlap_hours)
    typer.echo(made)


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


def _strategy(
    kind: str | None, percent: int, bake: int | None, guarded: bool, tolerance: float
) -> Strategy | None:
    kinds = get_args(RolloutKind)
    if kind is None:
        return None
    if kind not in kinds:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(kinds)}.")
    chosen: RolloutKind = next(one for one in kinds if one == kind)
    return Strategy(chosen, percent, bake, guarded, tolerance)


def _config(
    engine: str | None, cpu: float | None, memory_gb: float | None, gpu: int | None
) -> ServingConfig | None:
    said = {"cpu": cpu, "memory_gb": memory_gb, "gpu": gpu}
    sizes: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    if engine is not None:
        return ServingConfig(engine, **sizes)
    if sizes:
        raise typer.BadParameter("Cores, memory and GPUs go with --engine.")
    return None


def _approval(said: str | None) -> Approval | None:
    if said is None:
        return None
    by, _, url = said.partition("<")
    return Approval(by.strip(), url.rstrip().removesuffix(">") or None)


def _say(state: Deployment) -> None:
    out.print(f"  revision {state.revision}: {state.revision_status}")


def _report(done: Deployment) -> None:
    if done.revision_status == "shifting":
        out.print(
            f"{done.environment}/{done.name} revision {done.revision}: {done.revision_reason}"
        )
        return
    out.print(
        f"{done.environment}/{done.name} serves {done.model_name} version {done.live_version}"
    )
    out.print(f"  {done.url}")
