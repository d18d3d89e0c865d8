"""The few routes that are called thousands of times a second, answered before all others.

FastAPI looks through hundreds of routes and resolves dependencies for each request: 0.5 ms of work
that `log-metric` does not need. A hot route is an ordinary route too; here it only takes the short
way to the same function, through the same `Gate` with the permission that the route declares.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from . import access
from .gate import Gate
from .permissions import Permission

Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Response]])


def hot(endpoint: Endpoint) -> Endpoint:
    """Mark a POST route whose function takes nothing but `request` and `gate`."""
    endpoint.is_hot = True  # type: ignore[attr-defined]
    return endpoint


@dataclass(frozen=True, slots=True)
class _Short:
    endpoint: Callable[..., Awaitable[Response]]
    permission: Permission


class HotRoutes:
    """Middleware that answers hot routes, and passes on everything else."""

    def __init__(self, app: ASGIApp, routes: dict[str, _Short], whole: FastAPI) -> None:
        self._app = app
        self._routes = routes
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if short is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await short.endpoint(request=request, gate=Gate(request, short.permission))
        except Exception as error:
            answer = self._answer_to(error)
            if answer is None:
                raise
            response = await answer(request, error)
        await response(scope, receive, send)

    def _answer_to(self, error: Exception) -> Any:
        """Find what answers a refusal, as the framework does on the long way."""
        handlers = self._whole.exception_handlers
        kinds = (kind for kind in type(error).__mro__ if kind is not Exception)
        return next((handlers[kind] for kind in kinds if kind in handlers), None)


def install(app: FastAPI) -> None:
    """Put the short way in front, when every route is there."""
    routes = {
        path: _Short(route.endpoint, Permission(access.declared_permission(route) or ""))
        for path, route in access.every_route(app)
        if isinstance(route, APIRoute) and getattr(route.endpoint, "is_hot", False)
    }
    app.add_middleware(HotRoutes, routes=routes, whole=app)
