"""Roll back on the node itself: works while control plane, registry and builder are down.

`python -m modelyard_runtime.rollback list|rollback|release --state-dir DIR …`
"""

from __future__ import annotations

import argparse
import datetime as dt
import getpass
import sys
import time
import uuid
from pathlib import Path

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import (
    DESIRED_FILE,
    OBSERVED_FILE,
    OVERRIDES_FILE,
    RESERVE_FILE,
    DesiredState,
    Good,
    ObservedState,
    Override,
    Overrides,
    Reserve,
    Route,
)

from .overrides import write_overrides

WAIT_SECONDS = 120.0  # a large model has to be loaded
_LOOK_SECONDS = 0.01


class Refused(Exception):
    """It cannot be done; the text is for people."""


def main(argv: list[str] | None = None) -> int:
    """Do what was asked; 0 when it was done."""
    options = _parser().parse_args(argv)
    folder: Path = options.state_dir
    try:
        if options.command == "list":
            _list(folder)
        elif options.command == "release":
            _release(folder, options.address)
        else:
            _roll_back(folder, options)
    except Refused as refusal:
        print(f"rollback: {refusal}", file=sys.stderr)  # noqa: T201 - the answer of this program
        return 1
    return 0


def _list(folder: Path) -> None:
    reserve = _reserve(folder)
    for route in _desired(folder).routes:
        held = _override(folder, route)
        now = ", ".join(f"{one.revision} ({one.weight} %)" for one in route.targets)
        if held is not None:
            now = f"{held.good.revision} (rolled back here: {held.reason})"
        left = _left_server(route, held)
        good = ", ".join(
            f"{one.revision} (version {one.version})"
            for one in reserve.routes.get(route.deployment_id, ())
            if one.server.id != left
        )
        _say(f"{_address(route)}: serves revision {now or 'nothing'}; good before: {good or '-'}")


def _roll_back(folder: Path, options: argparse.Namespace) -> None:
    route = _route(folder, options.address)
    good = _chosen(folder, route, options.to)
    _require_files(good)
    wrong = _other_columns(route.signature, good.signature)
    if wrong and not options.accept_schema_change:
        raise Refused(
            f"Revision {good.revision} takes other input: {'; '.join(wrong)}. Callers would be "
            "refused. Say --accept-schema-change to go back anyway."
        )
    made = Override(
        id=uuid.uuid4().hex,
        workspace_id=route.workspace_id,
        deployment_id=route.deployment_id,
        good=good,
        at=dt.datetime.now(dt.UTC),
        by=options.by or getpass.getuser(),
        reason=options.reason,
    )
    began = time.monotonic()
    others = [one for one in _overrides(folder) if one.deployment_id != route.deployment_id]
    write_overrides(folder / OVERRIDES_FILE, Overrides(overrides=(*others, made)))
    _await(folder, made)
    took = time.monotonic() - began
    _say(
        f"{_address(route)} serves revision {good.revision} (version {good.version}) "
        f"after {took:.2f} s. The control plane takes the decision over when it is back."
    )


def _await(folder: Path, made: Override) -> None:
    """Wait until every gateway worker sends the traffic there."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        seen = _observed(folder)
        found = {one.id: one for one in seen.overrides} if seen is not None else {}
        if made.id in found and found[made.id].is_serving:
            return
        if made.id not in {one.id for one in _overrides(folder)} and not found:
            return  # the control plane is back and has taken it over already
        time.sleep(_LOOK_SECONDS)
    raise Refused(
        f"Its model server was not ready within {WAIT_SECONDS:g} s; the live revision serves on. "
        "It is tried further: `release` stops that."
    )


def _release(folder: Path, address: str) -> None:
    route = _route(folder, address)
    kept = [one for one in _overrides(folder) if one.deployment_id != route.deployment_id]
    write_overrides(folder / OVERRIDES_FILE, Overrides(overrides=tuple(kept)))
    _say(f"{address} is served as the control plane wants it.")


def _chosen(folder: Path, route: Route, revision: int | None) -> Good:
    if not route.targets:
        raise Refused(f"{_address(route)} is stopped; there is nothing to roll back.")
    good = _reserve(folder).routes.get(route.deployment_id, ())
    held = _override(folder, route)
    left = _left_server(route, held)
    found = [one for one in good if one.server.id != left]
    if revision is not None:
        found = [one for one in found if one.revision == revision]
    elif held is not None:  # back once more, not forth to what was left before
        found = [one for one in found if one.revision < held.good.revision]
    if not found:
        known = ", ".join(str(one.revision) for one in good) or "none"
        raise Refused(f"There is no such good revision of {_address(route)}; known are: {known}.")
    return found[0]


def _override(folder: Path, route: Route) -> Override | None:
    made = (one for one in _overrides(folder) if one.deployment_id == route.deployment_id)
    return next(made, None)


def _left_server(route: Route, held: Override | None) -> str | None:
    """Give the model server that a rollback leaves: the newest that has traffic, as a canary is."""
    if held is not None:
        return held.good.server.id
    serving = [target for target in route.targets if target.weight > 0]
    return max(serving, key=lambda one: one.revision).server_id if serving else None


def _require_files(good: Good) -> None:
    spec = good.server
    for path in (spec.model_dir, spec.python, spec.environment_dir):
        if not Path(path).exists():
            raise Refused(f"{path} of revision {good.revision} is not on this machine any more.")


def _other_columns(now: Signature, then: Signature) -> list[str]:
    before = {column.name: column for column in now.inputs}
    found = []
    for column in then.inputs:
        known = before.get(column.name)
        if known is None and column.required:
            found.append(f"column {column.name} is needed and not sent today")
        elif known is not None and known.dtype != column.dtype:
            found.append(f"column {column.name} is {known.dtype} today, {column.dtype} then")
    return found


def _route(folder: Path, address: str) -> Route:
    named = address.strip("/")
    found = [
        route
        for route in _desired(folder).routes
        if named in (_address(route), f"{route.environment}/{route.deployment}")
    ]
    if not found:
        raise Refused(f"There is no {address!r} here; `list` shows what there is.")
    if len(found) > 1:
        which = ", ".join(_address(route) for route in found)
        raise Refused(f"{address!r} is in several workspaces: {which}. Name one.")
    return found[0]


def _address(route: Route) -> str:
    return f"{route.workspace}/{route.environment}/{route.deployment}"


def _desired(folder: Path) -> DesiredState:
    try:
        return DesiredState.model_validate_json((folder / DESIRED_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise Refused(f"{folder / DESIRED_FILE} cannot be used: {error}") from error


def _reserve(folder: Path) -> Reserve:
    try:
        return Reserve.model_validate_json((folder / RESERVE_FILE).read_bytes())
    except FileNotFoundError:
        return Reserve()
    except (OSError, ValueError) as error:
        raise Refused(f"{folder / RESERVE_FILE} cannot be used: {error}") from error


def _overrides(folder: Path) -> tuple[Override, ...]:
    try:
        return Overrides.model_validate_json((folder / OVERRIDES_FILE).read_bytes()).overrides
    except (OSError, ValueError):
        return ()


def _observed(folder: Path) -> ObservedState | None:
    try:
        return ObservedState.model_validate_json((folder / OBSERVED_FILE).read_bytes())
    except (OSError, ValueError):
        return None


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the answer of this program


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("say why; it is kept with the rollback")
    return text.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m modelyard_runtime.rollback", description="Roll back on the node."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    listed = commands.add_parser("list", help="what serves, and what can be returned to")
    back = commands.add_parser("rollback", help="send all traffic to a good revision")
    free = commands.add_parser("release", help="end a rollback that was made here")
    for one in (listed, back, free):
        one.add_argument("--state-dir", type=Path, required=True, help="DATA_DIR/node")
    for one in (back, free):
        one.add_argument("address", help="[workspace/]environment/name")
    back.add_argument("--to", type=int, help="revision; the newest good one if absent")
    back.add_argument("--reason", type=_reason, required=True, help="kept with the rollback")
    back.add_argument("--by", help="who; the user of this machine if absent")
    back.add_argument("--accept-schema-change", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
