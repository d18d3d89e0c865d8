"""Composes capabilities, adapters and background threads into one ASGI app.

Convention, per capability package, all optional:
- `models`      tables
- `routes`      `routers: list[APIRouter]`
- `jobs`        handlers registered with `kernel.jobs.handler`
- `background`  `start(services) -> Callable[[], None]`: starts threads, gives what stops them
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import ModuleType

import anyio.to_thread
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from . import __version__, health, web
from .kernel import http, jobs, tenancy
from .kernel.crypto import RootKey
from .kernel.db import Database
from .kernel.egress import Egress
from .kernel.services import Services
from .settings import Settings
from .throttling.buckets import connect
from .throttling.middleware import Throttle
from .tracking.mlflow import unsupported
from .workspaces import access, hot
from .workspaces.errors import NotAllowed
from .workspaces.prefix import WorkspaceInAddress

CAPABILITIES = (
    "identity",
    "workspaces",
    "audit",
    "notifications",
    "flags",
    "throttling",
    "artifacts",
    "collaboration",
    "tracking",
    "traces",
    "registry",
    "imports",
    "deployments",
    "traffic",
    "monitoring",
    "batches",
    "alerts",
    "dashboards",
    "availability",
    "overview",
    "samples",
)
FRAMEWORK_PATHS = frozenset(
    {"/livez", "/readyz", "/startupz", "/{path:path}", "/openapi.json", "/assets"}
)
log = structlog.get_logger("modelyard.app")


def part(capability: str, name: str) -> ModuleType | None:
    """Import `modelyard_server.<capability>.<name>` when it exists."""
    full = f"modelyard_server.{capability}.{name}"
    if importlib.util.find_spec(f"modelyard_server.{capability}") is None:
        return None
    return importlib.import_module(full) if importlib.util.find_spec(full) else None


def load_models() -> None:
    """Import every table, so that metadata, tenancy and migrations see them all."""
    for capability in CAPABILITIES:
        part(capability, "models")
    tenancy.forget_tables()


def compose(settings: Settings, database: Database | None = None) -> Services:
    """Build everything a process needs besides HTTP."""
    load_models()
    services = Services()
    services.provide(Settings, settings)
    services.provide(Database, database or Database(settings.database))
    services.provide(Egress, Egress(settings.egress_networks))
    services.provide(RootKey, RootKey.load(settings.data_dir / "secrets" / "root.key"))
    for name in ("blobs", "compute", "channels", "sources"):
        adapter = part("adapters", name)
        if adapter is not None:
            adapter.provide(services)
    for capability in CAPABILITIES:
        part(capability, "jobs")
        ports = part(capability, "wiring")
        if ports is not None:
            ports.provide(services)
    return services


def create_app(services: Services, *, run_background: bool = True) -> FastAPI:
    """Build the API with every route of every capability."""
    settings = services.get(Settings)
    key = services.get(RootKey)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 40
        stops = start_background(services) if run_background else []
        try:
            yield
        finally:
            for stop in reversed(stops):
                await run_in_threadpool(stop)

    app = FastAPI(
        title="Modelyard",
        version=__version__,
        lifespan=lifespan,
        generate_unique_id_function=http.operation_id,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses={"default": {"model": http.Problem, "description": "A problem document."}},
    )
    app.state.settings = settings
    app.state.services = services
    app.state.database = services.get(Database)
    app.state.cursors = http.Cursors(key.derive("cursors"))
    app.state.csrf_key = key.derive("csrf")
    app.state.root_key = key
    http.install_error_answers(app, unsupported.area_of)
    http.document_problems(app)
    app.add_exception_handler(NotAllowed, _denied)
    for capability in CAPABILITIES:
        routes = part(capability, "routes")
        for router in routes.routers if routes else []:
            app.include_router(router)
    app.include_router(health.router)
    app.add_middleware(WorkspaceInAddress)
    web.install(app, settings.web_dir, settings.content_url)
    access.require_declared_permissions(app, FRAMEWORK_PATHS)
    hot.install(app)
    app.add_middleware(Throttle, whole=app, buckets=connect(settings.redis_url))
    return app


def start_background(services: Services) -> list[Callable[[], None]]:
    """Start the worker and every capability's threads; give what stops them, in start order."""
    database = services.get(Database)
    if database.is_sqlite and (released := jobs.release_leases(database)):
        log.info("jobs_resumed", count=released)  # one process: nobody else can be at them
    worker = jobs.Worker(database, services, threads=services.get(Settings).worker_threads)
    worker.start()
    stops: list[Callable[[], None]] = [worker.stop]
    for capability in CAPABILITIES:
        background = part(capability, "background")
        if background is not None:
            stops.append(background.start(services))
    return stops


async def _denied(request: Request, error: Exception) -> Response:
    """Audit the denial after the request's own transaction is gone, then answer it."""
    assert isinstance(error, NotAllowed)  # noqa: S101 - registered for this type only
    if hasattr(request.state, "denied"):
        await run_in_threadpool(access.record_denial, request.app.state.database, request)
    return http.problem(request, 403, error.code, error.detail)
