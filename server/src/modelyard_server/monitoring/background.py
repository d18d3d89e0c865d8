"""The threads of monitoring: one that follows the journals, and its tidying up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services

from . import upkeep
from .ingest import Ingester
from .ports import Catalogue
from .segmenter import Segmenter

POLL_SECONDS = 0.5
TIDY_SECONDS = 60.0
BACKOFF_SECONDS = 5.0
SEGMENT_SECONDS = 5.0
log = structlog.get_logger("modelyard.monitoring")


def start(services: Services) -> Callable[[], None]:
    """Follow the journals until the given function is called."""
    folder = upkeep.journal_folder(services)
    database = services.get(Database)
    catalogue = services.get(Catalogue)  # type: ignore[type-abstract]
    key = services.get(RootKey).derive("capture")
    ingester = Ingester(database, catalogue, folder, key)
    blobs = services.get(BlobStore)  # type: ignore[type-abstract]
    segmenter = Segmenter(database, catalogue, blobs, folder, key)
    reported = upkeep.reported_folder(services)
    reports = Ingester(database, catalogue, reported, key)
    cutter = Segmenter(database, catalogue, blobs, reported, key)
    stop = threading.Event()

    def follow() -> None:
        tidied = time.monotonic()
        while not stop.is_set():
            wait = POLL_SECONDS
            try:
                ingester.run_once()
                reports.run_once()
                if time.monotonic() - tidied >= TIDY_SECONDS:
                    upkeep.tidy(database, catalogue, blobs, folder, reported)
                    tidied = time.monotonic()
            except Exception:
                log.exception("journal_ingest_failed")
                wait = BACKOFF_SECONDS
            stop.wait(wait)

    thread = threading.Thread(target=follow, name="monitoring", daemon=True)
    thread.start()
    cutting = threading.Thread(
        target=lambda: _repeat(stop, segmenter.run_once, cutter.run_once),
        name="segments",
        daemon=True,
    )
    cutting.start()

    def finish() -> None:
        stop.set()
        thread.join(timeout=10)
        cutting.join(timeout=10)

    return finish


def _repeat(stop: threading.Event, *steps: Callable[[], object]) -> None:
    """Cut segments; a full or broken store is tried again and stops nothing else."""
    while not stop.is_set():
        wait = SEGMENT_SECONDS
        try:
            for step in steps:
                step()
        except Exception:
            log.exception("segments_failed")
            wait = TIDY_SECONDS
        stop.wait(wait)
