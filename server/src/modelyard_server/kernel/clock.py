"""The only place that reads the time."""

import datetime as dt
from collections.abc import Callable

_source: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)  # noqa: E731


def utcnow() -> dt.datetime:
    """Give the current instant, aware, in UTC."""
    return _source()


def set_source(source: Callable[[], dt.datetime] | None) -> None:
    """Replace the clock in a test; `None` restores the real one."""
    global _source
    _source = source or (lambda: dt.datetime.now(dt.UTC))
