"""Traces: log, read, tag, link to runs, delete."""

from __future__ import annotations

import json
import posixpath
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import http, trail
from modelyard_server.tracking import experiments, runs
from modelyard_server.tracking.sources import SCHEME

from .errors import TagMissing, TraceMissing, TraceRefused
from .models import AwaitedTrace, Span, Trace, TraceRun

SPANS_TAG, SPANS_HERE = "mlflow.trace.spansLocation", "TRACKING_STORE"
FILES_TAG = "mlflow.artifactLocation"
PLACES = frozenset({SPANS_TAG, FILES_TAG})
"""Tags by which clients find files: only the server says where those are."""
FINAL = "mlflow.trace.infoFinalized"
"""In the metadata of a trace whose client has said all of it: later spans only add steps."""
PROMPTS_TAG = "mlflow.linkedPrompts"
_OPEN = frozenset({"STATE_UNSPECIFIED", "IN_PROGRESS"})
STATES = frozenset({"STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"})
_KEY = re.compile(r"[/\w.\- :]+")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_KEY, _LONGEST_VALUE, _LONGEST_PREVIEW = 250, 8000, 10_000
_LATEST_MS = 253_402_300_800_000
_MOST_PAIRS = 200
_MOST_LINKED = 100


@dataclass(frozen=True, slots=True)
class NewTrace:
    """What a client says of a trace."""

    id: str
    experiment_id: str
    requested_ms: int
    duration_ms: int | None = None
    state: str = "IN_PROGRESS"
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    trace_metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewSpan:
    """One step as it arrived; `document` is OpenTelemetry's JSON of it."""

    trace_id: str
    id: str
    is_root: bool
    started_ns: int
    ended_ns: int
    is_error: bool
    document: Mapping[str, Any]


def whole(new: NewTrace) -> NewTrace:
    """Mark a trace as one of which the client has said all."""
    return replace(new, trace_metadata={**new.trace_metadata, FINAL: "true"})


def log(db: Session, new: NewTrace) -> Trace:
    """Log a trace, or complete one whose spans arrived first.

    Raises:
        ExperimentMissing: there is no such experiment.
        TraceRefused: a field is not acceptable, or it lies in another experiment already.
    """
    _check(new)
    row = _opened(db, new.id, new.experiment_id, new.requested_ms)
    row.requested_ms, row.duration_ms = new.requested_ms, new.duration_ms
    row.state = new.state
    row.client_request_id = new.client_request_id or row.client_request_id
    row.request_preview = _cut(new.request_preview) or row.request_preview
    row.response_preview = _cut(new.response_preview) or row.response_preview
    row.trace_metadata = {**row.trace_metadata, **new.trace_metadata}
    tags = {key: value for key, value in new.tags.items() if key not in PLACES}
    row.tags = {**row.tags, **tags}
    db.flush()
    return row


def log_spans(db: Session, experiment_id: str, spans: Sequence[NewSpan]) -> None:
    """Log spans; a trace that is not there yet is begun by its first ones.

    Raises:
        ExperimentMissing: there is no such experiment.
        TraceRefused: a trace lies in another experiment already.
    """
    opened: dict[str, Trace] = {}
    for span in sorted(spans, key=lambda s: (s.trace_id, s.id)):
        if span.trace_id not in opened:
            started_ms = span.started_ns // 1_000_000
            opened[span.trace_id] = _opened(db, span.trace_id, experiment_id, started_ms)
            if SPANS_TAG not in opened[span.trace_id].tags:
                row = opened[span.trace_id]
                row.tags = {**row.tags, SPANS_TAG: SPANS_HERE}
        row = opened[span.trace_id]
        if span.is_root and FINAL not in row.trace_metadata:
            row.requested_ms = span.started_ns // 1_000_000
            row.duration_ms = max(span.ended_ns - span.started_ns, 0) // 1_000_000
        if span.is_root and (row.state in _OPEN or FINAL not in row.trace_metadata):
            row.state = "ERROR" if span.is_error else "OK"
        db.merge(
            Span(
                workspace_id=row.workspace_id,
                trace_id=span.trace_id,
                id=span.id,
                started_ns=span.started_ns,
                document=dict(span.document),
            )
        )
    db.flush()


def get(db: Session, trace_id: str, *, lock: bool = False) -> Trace:
    """Give a trace.

    Raises:
        TraceMissing: there is none.
    """
    wanted = select(Trace).where(Trace.id == trace_id)
    row = db.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise TraceMissing(f"Trace with ID '{trace_id[:80]}' not found.")
    return row


def get_whole(db: Session, trace_id: str) -> Trace:
    """Give a trace that is read with its spans; clients tell it from one without by the sentence.

    Raises:
        TraceMissing: there is none.
    """
    found = several(db, [trace_id])
    if not found:
        raise TraceMissing(f"Trace with ID {trace_id[:80]} is not found.")
    return found[0]


def several(db: Session, trace_ids: Collection[str]) -> list[Trace]:
    """Give those traces that there are, in the order asked for."""
    found = {row.id: row for row in db.scalars(select(Trace).where(Trace.id.in_(trace_ids)))}
    return [found[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in found]


def spans_of(db: Session, trace_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the spans of traces, in the order they began."""
    found: dict[str, list[dict[str, Any]]] = {trace_id: [] for trace_id in trace_ids}
    rows = select(Span).where(Span.trace_id.in_(trace_ids)).order_by(Span.started_ns, Span.id)
    for row in db.scalars(rows):
        found[row.trace_id].append(row.document)
    return found


def set_tag(db: Session, trace_id: str, key: str, value: str) -> None:
    """Set a tag.

    Raises:
        TraceMissing: there is no such trace.
        TraceRefused: the key is not one. A long value is cut.
    """
    if not key or len(key) > _LONGEST_KEY:
        raise TraceRefused(f"'key' exceeds the maximum length of {_LONGEST_KEY} characters")
    is_plain = _KEY.fullmatch(key) and posixpath.normpath(key) == key
    if not is_plain or key.startswith(("/", "..")):
        hint = "Names have letters, digits, _ - . : / and spaces, and are no other path."
        raise TraceRefused(http.parameter_invalid("key", key, hint))
    if "\0" in value:
        raise TraceRefused("Keys and values cannot hold a NUL.")
    if key in PLACES:
        raise TraceRefused(f"This server says where the files of a trace are: {key} is its own.")
    row = get(db, trace_id, lock=True)
    row.tags = {**row.tags, key: value[:_LONGEST_VALUE]}


def delete_tag(db: Session, trace_id: str, key: str) -> None:
    """Remove a tag.

    Raises:
        TraceMissing: there is no such trace.
        TagMissing: it has no such tag.
        TraceRefused: it is the server's own.
    """
    row = get(db, trace_id, lock=True)
    if key == SPANS_TAG:
        raise TraceRefused(f"This server says where the files of a trace are: {key} is its own.")
    if key not in row.tags:
        raise TagMissing(f"No trace tag with key '{key[:80]}' for trace with ID '{trace_id}'.")
    row.tags = {name: value for name, value in row.tags.items() if name != key}


def link_prompts(db: Session, trace_id: str, named: Sequence[tuple[str, str]]) -> None:
    """Note which versions of prompts a trace used, in the tag that clients read; twice is no fault.

    Raises:
        TraceMissing: there is no such trace.
        TraceRefused: there are too many.
    """
    row = get(db, trace_id, lock=True)
    try:
        kept = json.loads(row.tags.get(PROMPTS_TAG) or "[]")
    except ValueError:
        kept = []
    kept = kept if isinstance(kept, list) else []
    for name, version in named:
        if {"name": name, "version": version} not in kept:
            kept.append({"name": name, "version": version})
    value = json.dumps(kept)
    _check_pairs({PROMPTS_TAG: value})
    row.tags = {**row.tags, PROMPTS_TAG: value}


def link_to_run(db: Session, trace_ids: Sequence[str], run_uid: str) -> None:
    """Say that traces belong to a run; twice is no fault. Those on the way are linked later.

    Raises:
        RunMissing: there is no such run.
        TraceRefused: there are more than a hundred, or one is no id of a trace.
    """
    if len(trace_ids) > _MOST_LINKED:
        raise TraceRefused(
            f"Cannot link more than {_MOST_LINKED} traces to a run in a single request. "
            f"Provided {len(trace_ids)} traces."
        )
    run = runs.get_active(db, run_uid)
    linked = set(db.scalars(select(TraceRun.trace_id).where(TraceRun.run_id == run.id)))
    awaited = set(db.scalars(select(AwaitedTrace.trace_id).where(AwaitedTrace.run_id == run.id)))
    here = {row.id for row in several(db, trace_ids)}
    for trace_id in dict.fromkeys(trace_ids):
        _check_id(trace_id)
        if trace_id in here and trace_id not in linked:
            db.add(TraceRun(id=uuid.uuid4(), trace_id=trace_id, run_id=run.id))
        elif trace_id not in here and trace_id not in awaited:
            db.add(AwaitedTrace(id=uuid.uuid4(), trace_id=trace_id, run_id=run.id))


def traces_of_run(db: Session, run_uid: str) -> set[str]:
    """Give the ids of the traces that are linked to a run."""
    run = runs.get(db, run_uid)
    return set(db.scalars(select(TraceRun.trace_id).where(TraceRun.run_id == run.id)))


def remove(
    db: Session,
    actor: trail.Who,
    experiment_id: str,
    *,
    trace_ids: Collection[str] = (),
    until_ms: int | None = None,
    most: int | None = None,
) -> int:
    """Delete traces of an experiment, by id or the oldest up to a time; give their number.

    Raises:
        ExperimentMissing: there is no such experiment.
        TraceRefused: neither ids nor a time are given, or both.
    """
    if bool(trace_ids) == (until_ms is not None):
        raise TraceRefused("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if trace_ids and most is not None:
        raise TraceRefused("`max_traces` can't be specified if `trace_ids` is specified.")
    if most is not None and most <= 0:
        raise TraceRefused(f"`max_traces` must be a positive integer, received {most}.")
    experiment = experiments.get(db, experiment_id)
    wanted = select(Trace.id).where(Trace.experiment_id == experiment.id)
    if trace_ids:
        wanted = wanted.where(Trace.id.in_(trace_ids))
    else:
        wanted = wanted.where(Trace.requested_ms <= until_ms)
        wanted = wanted.order_by(Trace.requested_ms, Trace.id).limit(most)
    found = list(db.scalars(wanted))
    _delete_files(db, experiment.id, found)
    db.execute(delete(Trace).where(Trace.id.in_(found)))
    trail.record(
        db,
        actor,
        "traces.delete",
        object_type="experiment",
        object_id=experiment.id,
        object_name=experiment.name,
        before={"traces": len(found)},
    )
    return len(found)


def _delete_files(db: Session, experiment_id: int, trace_ids: Collection[str]) -> None:
    below = f"experiments/{experiment_id}/traces/"
    having = {file.path.partition("/")[0] for file in artifacts.files_below(db, below)}
    for trace_id in having.intersection(trace_ids):
        artifacts.delete_below(db, f"{below}{trace_id}/")


def folder_of(experiment_id: int, trace_id: str) -> str:
    """Give where the files of a trace lie."""
    return f"experiments/{experiment_id}/traces/{trace_id}/artifacts"


def _opened(db: Session, trace_id: str, experiment_id: str, requested_ms: int) -> Trace:
    """Give a trace for writing, and begin it where it is missing."""
    _check_id(trace_id)
    experiment = experiments.get_active(db, experiment_id)
    row = db.scalar(select(Trace).where(Trace.id == trace_id).with_for_update())
    if row is None:
        row = Trace(
            id=trace_id,
            experiment_id=experiment.id,
            requested_ms=requested_ms,
            state="IN_PROGRESS",
            trace_metadata={},
            tags={FILES_TAG: f"{SCHEME}{folder_of(experiment.id, trace_id)}"},
            assessments=[],
        )
        db.add(row)
        db.flush()
        _link_awaited(db, trace_id)
    elif row.experiment_id != experiment.id:
        raise TraceRefused(f"Trace {trace_id} lies in another experiment.")
    return row


def _link_awaited(db: Session, trace_id: str) -> None:
    """Link a trace that has just begun to the runs that wait for it."""
    awaited = AwaitedTrace.trace_id == trace_id
    for run_id in db.scalars(select(AwaitedTrace.run_id).where(awaited)).all():
        db.add(TraceRun(id=uuid.uuid4(), trace_id=trace_id, run_id=run_id))
    db.execute(delete(AwaitedTrace).where(awaited))


def _check_id(trace_id: str) -> None:
    if _ID.fullmatch(trace_id) is None:
        raise TraceRefused("A trace id has 1 to 64 letters, digits and . _ -")


def _check(new: NewTrace) -> None:
    if new.state not in STATES:
        raise TraceRefused(f"{new.state[:40]!r} is no state of a trace.")
    if not 0 <= new.requested_ms < _LATEST_MS or not 0 <= (new.duration_ms or 0) < _LATEST_MS:
        raise TraceRefused("A trace's times lie between 1970 and 9999.")
    if len(new.client_request_id or "") > 255:
        raise TraceRefused("client_request_id has at most 255 characters.")
    _check_pairs(new.tags)
    _check_pairs(new.trace_metadata)


def _check_pairs(pairs: Mapping[str, str]) -> None:
    if len(pairs) > _MOST_PAIRS:
        raise TraceRefused(f"A trace has at most {_MOST_PAIRS} tags and as many metadata.")
    for key, value in pairs.items():
        if not key or len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise TraceRefused(
                f"A key has 1 to {_LONGEST_KEY} characters, a value at most {_LONGEST_VALUE}."
            )
        if "\0" in key + value:
            raise TraceRefused("Keys and values cannot hold a NUL.")


def _cut(preview: str | None) -> str | None:
    return None if preview is None else preview[:_LONGEST_PREVIEW].replace("\0", "")
