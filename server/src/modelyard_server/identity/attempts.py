"""Slowing down guessing: per address of the network in memory, per e-mail address in a table."""

from __future__ import annotations

import datetime as dt
import math
import time
from typing import Any

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from modelyard_server.kernel import crypto
from modelyard_server.kernel.clock import utcnow

from .errors import TooManyAttempts
from .models import SignInFailure

log = structlog.get_logger("modelyard.identity")
_PATIENCE_SECONDS = 0.1  # with Redis
FREE_FAILURES = 5
FIRST_DELAY = dt.timedelta(seconds=15)
LONGEST_DELAY = dt.timedelta(minutes=15)
FORGOTTEN_AFTER = dt.timedelta(days=1)
_PER_MINUTE: dict[str, RateLimitItem] = {
    "sign_in": RateLimitItemPerMinute(60),
    "password": RateLimitItemPerMinute(10),
    "reset": RateLimitItemPerMinute(10),
    "link": RateLimitItemPerMinute(30),
    "token": RateLimitItemPerMinute(120),  # of an OAuth client: programs behind one address
}


class AttemptLimits:
    """Counts what one network address (or person) tries per minute.

    In this process, or together with others in Redis; while that does not answer, each by itself.
    """

    def __init__(self, redis_url: str = "") -> None:
        own = MemoryStorage()
        self._storages: list[MemoryStorage | RedisStorage] = [own]
        if redis_url:
            patience: dict[str, Any] = dict.fromkeys(
                ("socket_timeout", "socket_connect_timeout"), _PATIENCE_SECONDS
            )
            shared = RedisStorage(redis_url, wrap_exceptions=True, **patience)
            self._storages.insert(0, shared)
        self._limiters = [MovingWindowRateLimiter(one) for one in self._storages]

    def hit(self, kind: str, key: str | None) -> None:
        """Count one attempt.

        Raises:
            TooManyAttempts: more of this kind in a minute than anybody needs.
        """
        for limiter in self._limiters:
            try:
                _hit(limiter, kind, key or "unknown")
            except StorageError as error:
                log.warning("attempts_not_shared", error=str(error.storage_error)[:200])
            else:
                return

    def forget(self) -> None:
        """Start counting anew."""
        for storage in self._storages:
            storage.reset()


def _hit(limiter: MovingWindowRateLimiter, kind: str, key: str) -> None:
    item = _PER_MINUTE[kind]
    if limiter.hit(item, kind, key):
        return
    reset_at = limiter.get_window_stats(item, kind, key).reset_time
    raise TooManyAttempts(
        "Too many attempts. Wait a moment and try again.",
        retry_after_seconds=max(1, math.ceil(reset_at - time.time())),
    )


def refuse_locked(db: Session, email: str) -> None:
    """Refuse while an address is locked, whether or not it has an account.

    Raises:
        TooManyAttempts: after repeated wrong passwords; says how long to wait.
    """
    row = db.get(SignInFailure, crypto.sha256_hex(email))
    now = utcnow()
    if row is not None and row.locked_until is not None and row.locked_until > now:
        raise TooManyAttempts(
            "Too many wrong passwords for this address. Wait and try again.",
            retry_after_seconds=math.ceil((row.locked_until - now).total_seconds()),
        )


def count_failure(db: Session, email: str) -> None:
    """Count a wrong password; from the fifth on the address is locked, twice as long each time."""
    now, key = utcnow(), crypto.sha256_hex(email)
    db.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGOTTEN_AFTER))
    insert = postgresql.insert if db.get_bind().dialect.name == "postgresql" else sqlite.insert
    db.execute(
        insert(SignInFailure)
        .values(email_sha256=key, failures=0, last_at=now)
        .on_conflict_do_nothing()
    )
    failures = db.scalar(
        update(SignInFailure)
        .where(SignInFailure.email_sha256 == key)
        .values(failures=SignInFailure.failures + 1, last_at=now)
        .returning(SignInFailure.failures)
    )
    if failures is not None and failures >= FREE_FAILURES:
        delay = min(FIRST_DELAY * 2 ** min(failures - FREE_FAILURES, 10), LONGEST_DELAY)
        db.execute(
            update(SignInFailure)
            .where(SignInFailure.email_sha256 == key)
            .values(locked_until=now + delay)
        )


def forget_failures(db: Session, email: str) -> None:
    """Start anew after the right password."""
    db.execute(delete(SignInFailure).where(SignInFailure.email_sha256 == crypto.sha256_hex(email)))
