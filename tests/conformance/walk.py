"""Every operation of the composed app, found by walking its routes."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi.routing import APIRoute

from modelyard_server.app import FRAMEWORK_PATHS, compose, create_app
from modelyard_server.kernel import http
from modelyard_server.kernel.db import SAFE_METHODS
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import declared_permission, every_route
from modelyard_server.workspaces.permissions import Permission

MLFLOW = http._MLFLOW_PREFIXES
ALIAS = "/ajax-api/"


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    method: str
    path: str
    name: str
    permission: str
    has_body: bool
    required_query: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_write(self) -> bool:
        return self.method not in SAFE_METHODS

    @property
    def is_mlflow(self) -> bool:
        return self.path.startswith(MLFLOW)

    @property
    def is_public(self) -> bool:
        return self.permission == "public"

    @property
    def needs(self) -> Permission | None:
        """The permission of the matrix, or nothing for public and merely signed-in routes."""
        known = {p.value for p in Permission}
        return Permission(self.permission) if self.permission in known else None


@cache
def operations() -> tuple[Operation, ...]:
    """List what the app serves, without the framework's own paths."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url="", manage_node=False)
        app = create_app(compose(settings), run_background=False)
        found = [
            Operation(
                method=method,
                path=path,
                name=http.operation_id(route),
                permission=declared_permission(route) or "",
                has_body=route.body_field is not None,
                required_query=tuple(
                    p.alias for p in route.dependant.query_params if p.field_info.is_required()
                ),
            )
            for path, route in every_route(app)
            if isinstance(route, APIRoute) and path not in FRAMEWORK_PATHS
            for method in sorted(route.methods - {"HEAD"})
        ]
    return tuple(found)


def own_operations() -> list[Operation]:
    """List operations once: MLflow's are served under several prefixes, the others are aliases."""
    first: dict[tuple[str, str], Operation] = {}
    for op in operations():
        first.setdefault((op.method, op.name), op)
    return list(first.values())


def names(some: list[Operation]) -> list[str]:
    """Name test cases."""
    return [str(op) for op in some]
