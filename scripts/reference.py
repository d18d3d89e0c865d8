"""Write reference pages from the code: settings, error codes, permissions, MLflow's endpoints."""

import inspect
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from modelyard_server.app import CAPABILITIES, compose, create_app, part
from modelyard_server.kernel import egress, errors, http
from modelyard_server.settings import Settings
from modelyard_server.tracking.mlflow import unsupported, upstream
from modelyard_server.workspaces.access import every_route
from modelyard_server.workspaces.permissions import Permission, Role, permits

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_THEIR_WEB = ("/build/", "/static-files/")
MARK = "<!-- Written by scripts/reference.py (`make docs`); do not edit. -->\n"


def settings() -> str:
    """List every setting with its variable, default and meaning."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", PydanticUndefined) else f"`{field.default}`"
        rows.append(f"| `MODELYARD_{name.upper()}` | {default} | {field.description} |")
    head = "# Settings\n\nEnvironment variables of the control plane, read once at start.\n\n"
    return (
        MARK + head + "| Variable | Default | Meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def refusals() -> Iterator[type[errors.DomainError]]:
    """Give every concrete refusal of every capability, and the kinds of the kernel."""
    modules = [errors, egress, *filter(None, (part(name, "errors") for name in CAPABILITIES))]
    for module in modules:
        for _, kind in inspect.getmembers(module, inspect.isclass):
            is_refusal = issubclass(kind, errors.DomainError) and kind is not errors.DomainError
            if is_refusal and kind.__module__ == module.__name__:
                yield kind


def status(kind: type[errors.DomainError]) -> int:
    """Give the HTTP status of a refusal."""
    return next(number for base, number in http.STATUS_OF.items() if issubclass(kind, base))


def error_codes() -> str:
    """List every `code` of a problem document with its HTTP status."""
    found = sorted({(kind.code, status(kind), words(kind.__name__)) for kind in refusals()})
    rows = [f"| `{code}` | {number} | {fact} |" for code, number, fact in found]
    head = "# Error codes\n\nBranch on `code`; `detail` is for people and may change.\n\n"
    return MARK + head + "| Code | Status | Fact |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def words(name: str) -> str:
    """Write a class name as a sentence."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
    return spaced[:1].upper() + spaced[1:]


def permissions() -> str:
    """Print the matrix of roles and permissions."""
    rows = [
        f"| `{permission.value}` | "
        + " | ".join("✓" if permits(role, permission) else "" for role in Role)
        + " |"
        for permission in Permission
    ]
    head = (
        "# Permissions\n\nEvery route asks for one. A role has what the roles before it have.\n\n"
    )
    names = " | ".join(role.value for role in Role)
    return (
        MARK
        + head
        + f"| Permission | {names} |\n|---|{'---|' * len(Role)}\n"
        + "\n".join(rows)
        + "\n"
    )


def _without_names(path: str) -> str:
    return re.sub(r"[{<][^}>]*[}>]", "{}", path)


def mlflow_endpoints() -> list[tuple[str, str]]:
    """Give method and path of each endpoint of the installed MLflow's server.

    What its own web pages ask under `/ajax-api` is listed where it has no twin under `/api`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.server import app as older
        from mlflow.server.fastapi_app import app as newer
    found = {
        (method, path)
        for path, route in every_route(newer)
        for method in getattr(route, "methods", None) or ()
    } | {(method, rule.rule) for rule in older.url_map.iter_rules() for method in rule.methods}
    named = {
        (method, re.sub(r"{(\w+):path}", r"{\1}", re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)))
        for method, path in found
        if method not in {"HEAD", "OPTIONS"} and not path.startswith(_THEIR_WEB)
    }
    return sorted(
        (endpoint for endpoint in named - {("GET", "/")} if _twin(endpoint) not in named),
        key=lambda endpoint: endpoint[::-1],
    )


def as_routed(path: str) -> str:
    """Give the path that routes see: two spellings are MLflow's own."""
    return path.replace("2.0mlflow", "2.0/mlflow").replace("/ajax-api/", "/api/")


def _twin(endpoint: tuple[str, str]) -> tuple[str, str]:
    method, path = endpoint
    return (method, path.replace("/ajax-api/", "/api/")) if "/ajax-api/" in path else ("", "")


def served() -> set[tuple[str, str]]:
    """Give method and path, without parameter names, of each route of the app."""
    with tempfile.TemporaryDirectory() as folder:
        services = compose(Settings(data_dir=Path(folder), database_url="", manage_node=False))
        app = create_app(services, run_background=False)
    return {
        (method, _without_names(path))
        for path, route in every_route(app)
        for method in getattr(route, "methods", None) or ()
    }


def mlflow_page() -> str:
    """List every endpoint of MLflow with what Modelyard answers."""
    from mlflow.version import VERSION

    ours = served()
    endpoints = mlflow_endpoints()
    has = {
        (method, path): (method, _without_names(as_routed(path))) in ours
        for method, path in endpoints
    }
    rows = []
    for method, path in endpoints:
        area = unsupported.area_of(path)
        answer = "yes" if has[method, path] else f"no: {area}" if area else "no: 404"
        rows.append(f"| `{method} {path}` | {answer} |")
    head = (
        f"# MLflow compatibility\n\nModelyard speaks the REST protocol of MLflow {VERSION} to the "
        f"unmodified client: {sum(has.values())} of the {len(endpoints)} endpoints of its server. "
        "The others answer 501 with the error code `NOT_IMPLEMENTED` and the name of what is not "
        "there. What MLflow's own web pages ask has addresses under `/ajax-api`; they are listed "
        "where there is no twin under `/api`.\n\n"
        "A client needs `MLFLOW_TRACKING_URI` (the address of Modelyard) and "
        "`MLFLOW_TRACKING_TOKEN` (an API token); the token decides the workspace. The header "
        "`X-MLFLOW-WORKSPACE` and an address such as `http://host/w/<slug>` may name it too.\n\n"
        "`tests/conformance/mlflow` drives the unmodified client, this release and the newest of "
        "the minor before it, through every supported endpoint that the client has a use for. "
        "`make test-autolog` adds the autologging of LightGBM, PyTorch and Keras, and "
        "`make test-bad-input` bad values of 29 kinds in every place of every operation.\n\n"
        "## Differences\n\nWhere Modelyard answers otherwise than a genuine server, on purpose:"
        "\n\n| Here | Why |\n|---|---|\n"
    )
    head += "".join(f"| {what} | {why} |\n" for what, why in unsupported.DIFFERENCES.items())
    head += "\n## Upstream tests that differ\n\nThe MLflow project's own tests, run over HTTP.\n\n"
    head += upstream.rows()
    head += "\n## Endpoints\n\n"
    return MARK + head + "| Endpoint | Supported |\n|---|---|\n" + "\n".join(rows) + "\n"


PAGES = {
    "settings.md": settings,
    "errors.md": error_codes,
    "permissions.md": permissions,
    "../mlflow-compatibility.md": mlflow_page,
}


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        file = (FOLDER / name).resolve()
        file.write_text(page())
        print(f"Wrote {file.relative_to(FOLDER.parents[1])}")


if __name__ == "__main__":
    sys.exit(main())
