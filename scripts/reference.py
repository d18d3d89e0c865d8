"""Write docs/reference/*.md from the code: settings, error codes, permissions."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from modelyard_server.app import CAPABILITIES, part
from modelyard_server.kernel import errors, http
from modelyard_server.settings import Settings
from modelyard_server.workspaces.permissions import Permission, Role, permits

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
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
    modules = [errors, *filter(None, (part(name, "errors") for name in CAPABILITIES))]
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


PAGES = {"settings.md": settings, "errors.md": error_codes, "permissions.md": permissions}


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
        print(f"Wrote {(FOLDER / name).relative_to(FOLDER.parents[1])}")


if __name__ == "__main__":
    sys.exit(main())
