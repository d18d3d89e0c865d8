"""What a server may refuse, as exceptions that carry its problem document."""

from __future__ import annotations

from typing import Any


class ModelyardError(Exception):
    """A refusal. `code` is stable and meant for programs, the text is meant for people."""

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        fields: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.fields = fields or []


class Unreachable(ModelyardError):
    """No server answered at the address."""


class Unauthenticated(ModelyardError):
    """401: no token, or one that is not valid."""


class Forbidden(ModelyardError):
    """403: the token's role may not do this."""


class NotFound(ModelyardError):
    """404: it does not exist in this workspace."""


class Conflict(ModelyardError):
    """409: the present state does not allow it."""


class Invalid(ModelyardError):
    """422: the input is wrong; `fields` names where."""


class QuotaExceeded(ModelyardError):
    """429: too many requests, or a quota is used up."""


class Unavailable(ModelyardError):
    """503: a part that is needed does not answer; try again later."""


_KINDS: dict[int, type[ModelyardError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    429: QuotaExceeded,
    503: Unavailable,
}


def from_problem(status: int, body: Any) -> ModelyardError:
    """Make the exception of an answer with status 400 or above."""
    problem = body if isinstance(body, dict) else {}
    kind = _KINDS.get(status, ModelyardError)
    return kind(
        str(problem.get("detail") or problem.get("title") or f"The server answered {status}."),
        status=status,
        code=str(problem.get("code", "")),
        request_id=str(problem.get("request_id", "")),
        fields=problem.get("fields"),
    )
