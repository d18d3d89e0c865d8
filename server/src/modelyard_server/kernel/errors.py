"""The kinds of refusal. Concrete refusals subclass one and state a fact as their name.

Only `kernel.http` knows the HTTP statuses of the kinds.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a stable `code` (`capability.snake_case`, public API) and a sentence."""

    code: ClassVar[str] = "kernel.refused"

    def __init__(
        self,
        detail: str,
        *,
        fields: list[dict[str, Any]] | None = None,
        extra: dict[str, Any] | None = None,
        retry_after_seconds: int | None = None,
        limit_facts: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields
        """What is wrong where, e.g. `{"row": 0, "column": "age", "problem": "…"}`."""
        self.extra = extra or {}
        """More members of the problem document, e.g. `suggested_name`."""
        self.retry_after_seconds = retry_after_seconds
        self.limit_facts = limit_facts or {}
        """`RateLimit-…` headers of the answer."""


class Invalid(DomainError):
    """The request does not say something we can do."""

    code = "request.invalid"


class Unreadable(DomainError):
    """The request is not what the protocol of its address says."""

    code = "request.unreadable"


class Unauthenticated(DomainError):
    """We do not know who asks."""

    code = "identity.unauthenticated"


class Forbidden(DomainError):
    """We know who asks; they may not."""

    code = "workspaces.forbidden"


class NotFound(DomainError):
    """It does not exist, or not for whoever asks."""

    code = "request.not_found"


class Conflict(DomainError):
    """It cannot be done in the present state."""

    code = "request.conflict"


class TooLarge(DomainError):
    """More bytes than a published limit."""

    code = "request.too_large"


class QuotaExceeded(DomainError):
    """Too much or too often."""

    code = "request.quota_exceeded"


class Unavailable(DomainError):
    """Something we depend on does not answer; trying again may help."""

    code = "request.unavailable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or takes no more connections."""

    code = "request.database_unavailable"


class OutOfSpace(DomainError):
    """There is no room for more bytes."""

    code = "request.out_of_space"
