"""Password rules and their argon2id digests."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import WeakPassword

MIN_CHARACTERS = 10
MAX_BYTES = 1024
# OWASP's second choice for argon2id: 19 MiB and two passes, 19 ms on the reference machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_at_once = threading.BoundedSemaphore(4)  # 76 MiB at most, and two cores stay responsive


def digest(password: str, *, email: str) -> str:
    """Check the rules and give the argon2id digest to store.

    Raises:
        WeakPassword: too short, too long, one character repeated, or the e-mail address itself.
    """
    problem = _weakness(password, email)
    if problem is not None:
        raise WeakPassword(problem, fields=[{"location": "body.password", "problem": problem}])
    with _at_once:
        return _hasher.hash(password)


def matches(stored: str | None, presented: str) -> bool:
    """Tell whether a password is right. Takes as long for an account that does not exist."""
    too_long = len(presented.encode()) > MAX_BYTES
    with _at_once:
        try:
            right = _hasher.verify(stored or _nobody(), "" if too_long else presented)
        except (VerificationError, InvalidHashError):
            return False
    return right and stored is not None and not too_long


def outdated(stored: str) -> bool:
    """Tell whether a digest was made with older parameters."""
    return _hasher.check_needs_rehash(stored)


def _weakness(password: str, email: str) -> str | None:
    if len(password) < MIN_CHARACTERS:
        return f"A password has at least {MIN_CHARACTERS} characters."
    if len(password.encode()) > MAX_BYTES:
        return f"A password has at most {MAX_BYTES} bytes."
    if len(set(password)) < 3 or password.lower() == email.lower():
        return "This password is too easy to guess."
    return None


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")
