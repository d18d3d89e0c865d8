"""Problem documents, pages and cursors: the only place where refusals become HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from . import errors
from .db import is_out_of_reach

T = TypeVar("T")
log = structlog.get_logger("modelyard.http")

STATUS_OF: dict[type[errors.DomainError], int] = {
    errors.Unreadable: 400,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.QuotaExceeded: 429,
    errors.Unavailable: 503,
    errors.OutOfSpace: 507,
}
_PROBLEM_TYPE = "application/problem+json"
_DATABASE_SECONDS = 5
"""After these a caller may ask again when the database did not answer."""
_MLFLOW_PREFIXES = (
    "/api/2.0/mlflow",
    "/ajax-api/2.0/mlflow",
    "/api/3.0/mlflow",
    "/ajax-api/3.0/mlflow",
    "/api/3.0/jobs/",
    "/ajax-api/3.0/jobs/",
    "/gateway/",
    "/get-artifact",
    "/graphql",
    "/model-versions/get-artifact",
    "/v1/traces",
)
_MLFLOW_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    413: "INVALID_PARAMETER_VALUE",
    422: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
    501: "NOT_IMPLEMENTED",
    503: "TEMPORARILY_UNAVAILABLE",
    507: "RESOURCE_EXHAUSTED",
}


_OAUTH_ADDRESS = "/oauth/token"
_OAUTH_ERRORS = {"invalid_request", "unsupported_grant_type", "invalid_scope", "invalid_client"}
_LONGEST_SHOWN = 200
_LONGEST_SAID = 400
_MLFLOW_STATUS = {"INVALID_PARAMETER_VALUE": 400, "RESOURCE_ALREADY_EXISTS": 400}


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` is `None` on the last one; `total` when it is cheap."""

    items: list[T]
    next_cursor: str | None
    total: int | None


class FieldProblem(BaseModel):
    """What is wrong with one field, row or column of a request."""

    location: str
    problem: str


class Problem(BaseModel):
    """RFC 9457 problem document. `code` is stable; branch on it, show `detail`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    fields: list[dict[str, Any]] | None = None


def status_of(error: errors.DomainError) -> int:
    """Give the HTTP status of a refusal's kind."""
    return next(code for kind, code in STATUS_OF.items() if isinstance(error, kind))


def request_id(request: Request) -> str:
    """Give the id that names this request in answers, logs and the audit trail."""
    return str(request.scope.setdefault("modelyard_request_id", uuid.uuid4().hex))


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    fields: list[dict[str, Any]] | None = None,
    extra: dict[str, Any] | None = None,
    retry_after_seconds: int | None = None,
    limit_facts: dict[str, str] | None = None,
) -> Response:
    """Answer a refusal: a problem document, or MLflow's error shape on MLflow's routes."""
    headers = {"Cache-Control": "no-store", **(limit_facts or {})}
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        challenge = (extra or {}).get("_challenge")
        more = f", {challenge}" if challenge else ""
        headers["WWW-Authenticate"] = f'Bearer realm="modelyard"{more}'
    if request.url.path.startswith(_MLFLOW_PREFIXES):
        mlflow_code = (extra or {}).get("mlflow_code") or _MLFLOW_CODES.get(
            status, "INTERNAL_ERROR"
        )
        return JSONResponse(
            {"error_code": mlflow_code, "message": (extra or {}).get("mlflow_message", detail)},
            _MLFLOW_STATUS.get(mlflow_code, status),
            headers=headers,
        )
    body = {
        "type": f"https://modelyard.dev/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id(request),
        **({"fields": fields} if fields else {}),
        **{k: v for k, v in (extra or {}).items() if not k.startswith(("mlflow_", "_"))},
    }
    if request.url.path == _OAUTH_ADDRESS:
        return _oauth_refusal(body, headers)
    return JSONResponse(body, status, headers=headers, media_type=_PROBLEM_TYPE)


def _oauth_refusal(body: dict[str, Any], headers: dict[str, str]) -> Response:
    """Answer as clients of OAuth read it (RFC 6749, section 5.2)."""
    error = str(body["code"]).partition(".")[2]
    if error not in _OAUTH_ERRORS:
        error = "invalid_request" if body["status"] < 429 else "temporarily_unavailable"
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="modelyard"'
    said = {"error": error, "error_description": str(body["detail"]).replace('"', "'")}
    return JSONResponse(body | said, body["status"], headers=headers | {"Pragma": "no-cache"})


def install_error_answers(app: FastAPI, lacks: Callable[[str], str | None]) -> None:
    """Answer every refusal and failure of the app with one shape.

    `lacks` names the feature we have not got that an address without a route belongs to.
    """

    @app.exception_handler(errors.DomainError)
    async def refused(request: Request, error: errors.DomainError) -> Response:
        return problem(
            request,
            status_of(error),
            error.code,
            error.detail,
            fields=error.fields,
            extra=error.extra,
            retry_after_seconds=error.retry_after_seconds,
            limit_facts=error.limit_facts,
        )

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        fields = [
            {"location": ".".join(str(part) for part in e["loc"]), "problem": e["msg"]}
            for e in error.errors()
        ]
        first = fields[0] if fields else {"location": "body", "problem": "is malformed"}
        detail = f"{first['location']}: {first['problem']}"
        extra = {"mlflow_message": _as_mlflow_says(error)} if fields else None
        return problem(request, 422, errors.Invalid.code, detail, fields=fields, extra=extra)

    @app.exception_handler(DataError)
    @app.exception_handler(UnicodeEncodeError)  # half of a surrogate pair, which no database takes
    async def unstorable(request: Request, _error: Exception) -> Response:
        detail = "A value is out of range or has characters that cannot be stored."
        return problem(request, 422, errors.Invalid.code, detail)

    @app.exception_handler(OperationalError)
    @app.exception_handler(PoolTimeout)
    async def out_of_reach(request: Request, error: Exception) -> Response:
        if not is_out_of_reach(error):
            return await failed(request, error)
        said = str(getattr(error, "orig", None) or error)  # without the statement's values
        log.error("database_unavailable", request_id=request_id(request), error=said)
        detail = "The database does not answer. Try again in a moment."
        code = errors.DatabaseUnavailable.code
        return problem(request, 503, code, detail, retry_after_seconds=_DATABASE_SECONDS)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        feature = lacks(request.url.path) if error.status_code in {404, 405} else None
        if feature is not None:
            detail = f"{request.method} {request.url.path} is not implemented ({feature})."
            return problem(request, 501, "request.not_implemented", detail)
        code = {404: "request.not_found", 405: "request.method_not_allowed"}.get(
            error.status_code, "request.refused"
        )
        extra = {"mlflow_code": "ENDPOINT_NOT_FOUND"} if error.status_code == 404 else None
        detail = (
            "There is nothing at this address." if error.status_code == 404 else str(error.detail)
        )
        return problem(request, error.status_code, code, detail, extra=extra)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        log.exception("request_failed", request_id=request_id(request), exc_info=error)
        detail = "Something failed on our side. The log has the details under this request id."
        return problem(request, 500, "request.failed", detail)


def parameter_missing(name: str) -> str:
    """Say in MLflow's words that a field is missing."""
    return f"Missing value for required parameter '{name}'."


def parameter_invalid(name: str, value: object, hint: str = "") -> str:
    """Say in MLflow's words that a field has a value of the wrong kind."""
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
    return f"Invalid value {shown} for parameter '{name}' supplied.{hint and ' '}{hint}"


def _as_mlflow_says(error: RequestValidationError) -> str:
    first = error.errors()[0]
    name = ""
    for part in first["loc"][1:]:
        name += f"[{part}]" if isinstance(part, int) else f"{name and '.'}{part}"
    if first["type"] == "missing":
        return parameter_missing(name)
    if first["type"].startswith("int_"):
        return f"Parameter '{name}' must be an integer, got '{first.get('input')}'."[:_LONGEST_SAID]
    return parameter_invalid(name or "body", first.get("input"), first["msg"])


def document_problems(app: FastAPI) -> None:
    """Document refusals under the media type they are sent with; FastAPI would say the route's."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        contract = describe()
        for methods in contract["paths"].values():
            for operation in methods.values():
                content = operation["responses"]["default"]["content"]
                for media_type in ("application/json", "text/event-stream"):
                    if media_type in content:
                        content[_PROBLEM_TYPE] = content.pop(media_type)
        return contract

    app.openapi = described  # type: ignore[method-assign] # FastAPI's documented way


class Cursors:
    """Signed page cursors: opaque to clients, refused when altered or taken from another list."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, scope: str, value: Sequence[Any]) -> str:
        """Encode a keyset position; `scope` names list, filter and workspace."""
        payload = json.dumps(list(value), default=str, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(scope, payload) + payload).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> list[Any]:
        """Decode a cursor of the same scope.

        Raises:
            Invalid: it was altered, or belongs to another list.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise _bad_cursor("is not one of ours") from None
        mac, payload = raw[:12], raw[12:]
        if not hmac.compare_digest(mac, self._mac(scope, payload)):
            raise _bad_cursor("does not belong to this list")
        value = json.loads(payload)
        return value if isinstance(value, list) else [value]

    def _mac(self, scope: str, payload: bytes) -> bytes:
        message = scope.encode() + b"\0" + payload
        return hmac.new(self._key, message, hashlib.sha256).digest()[:12]


def _bad_cursor(problem: str) -> errors.Invalid:
    said = f"Invalid page token: it {problem}; start from the first page."
    return errors.Invalid(
        f"The cursor {problem}; start from the first page.", extra={"mlflow_message": said}
    )


def cursors(request: Request) -> Cursors:
    """Give the app's cursor codec (a FastAPI dependency)."""
    codec: Cursors = request.app.state.cursors
    return codec


def operation_id(route: Any) -> str:
    """Name operations `{tag}_{function}` so that generated clients read well."""
    tag = route.tags[0] if route.tags else "app"
    return f"{tag}_{route.name}"
