"""Further processes that answer the API beside the one that was started.

They accept from the same listening socket, and do no background work. A pipe whose other end only
the first process holds tells them that it is gone, however it ended: they end at once, and leave
the port to its successor.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import structlog

from .settings import Settings

log = structlog.get_logger("modelyard.processes")
STOP_SECONDS = 12.0
_PAUSES = (0.0, 0.5, 2.0, 5.0)  # before a process that ended at once is started again
_STABLE_SECONDS = 30.0


def missing_for_several(settings: Settings) -> str | None:
    """Say what is missing before several processes may share their work; `None` when nothing is."""
    if settings.api_processes == 1:
        return None
    if settings.database.startswith("sqlite"):
        return "Several API processes need PostgreSQL: set MODELYARD_DATABASE_URL."
    if not settings.redis_url:
        return "Several API processes count limits together in Redis: set MODELYARD_REDIS_URL."
    return None


@contextlib.contextmanager
def running(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """Keep the further processes alive; they end when this does."""
    if settings.api_processes == 1:
        yield
        return
    reading, writing = os.pipe()
    is_over = threading.Event()
    keepers = [
        threading.Thread(
            target=_keep,
            args=(settings, listener.fileno(), reading, is_over),
            name=f"api-process-{number}",
            daemon=True,
        )
        for number in range(2, settings.api_processes + 1)
    ]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        is_over.set()
        os.close(writing)  # they see its end and finish
        for keeper in keepers:
            keeper.join(STOP_SECONDS + 5)
        os.close(reading)


def when_first_ends(lifeline: int, then: Callable[[], None]) -> None:
    """Do something once the process at the other end of the pipe is gone."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        then()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def _keep(settings: Settings, listener: int, lifeline: int, is_over: threading.Event) -> None:
    failures = 0
    while not is_over.wait(_PAUSES[min(failures, len(_PAUSES) - 1)]):
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "modelyard_server", "answer", str(listener), str(lifeline)],
            env={**os.environ, **_environment(settings)},
            pass_fds=(listener, lifeline),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the first one, which ends them
        )
        while process.poll() is None and not is_over.wait(0.2):
            pass
        if is_over.is_set():
            _end(process)
            return
        lived = time.monotonic() - begun
        failures = 0 if lived > _STABLE_SECONDS else failures + 1
        log.warning("api_process_ended", code=process.returncode, lived_seconds=round(lived, 1))


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    """Hand on what the command line changed, as the variables that say the same."""
    given = settings.model_fields_set
    return {
        f"MODELYARD_{name.upper()}": str(value)
        for name, value in settings.model_dump(mode="json", include=given).items()
        if isinstance(value, str | int | float)
    }
