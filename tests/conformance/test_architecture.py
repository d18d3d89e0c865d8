"""The house keeps its rules: imports, private tables, sizes, docstrings."""

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import grimp
import pytest
from importlinter.cli import lint_imports
from pydantic import BaseModel, TypeAdapter, ValidationError

from modelyard_server.app import CAPABILITIES

ROOT = Path(__file__).parents[2]
LIMITS = {".py": 500, ".tsx": 250}
PACKAGES = ROOT / "server/src/modelyard_server"
WRITTEN = [name for name in CAPABILITIES if (PACKAGES / name).is_dir()]
PRIVATE = ("models", "routes", "jobs", "wiring", "background")
MAY_READ_ANY_TABLE = {"overview"}


@cache
def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]


def is_generated(path: Path) -> bool:
    """Alembic writes migrations, and they never change afterwards; web types come from the API."""
    return ".gen." in path.name or path.parent.name == "versions"


def test_imports_keep_the_contracts(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [str(p) for p in ROOT.glob("*/src")] + sys.path)
    assert lint_imports(no_cache=True, no_logo=True) == 0


def test_no_capability_reaches_into_the_private_parts_of_another():
    graph = grimp.build_graph("modelyard_server")
    crossings = []
    for owner in CAPABILITIES:
        for part in PRIVATE:
            module = f"modelyard_server.{owner}.{part}"
            if module not in graph.modules:
                continue
            for importer in graph.find_modules_that_directly_import(module):
                capability = importer.split(".")[1]
                if capability in set(CAPABILITIES) - {owner} - MAY_READ_ANY_TABLE:
                    crossings.append(f"{importer} -> {module}")
    assert crossings == []


def test_no_file_is_too_long():
    long = {
        f"{path.relative_to(ROOT)}: {lines}"
        for path in sources()
        if path.suffix in LIMITS
        and not is_generated(path)
        and (lines := len(path.read_text().splitlines())) > LIMITS[path.suffix]
    }
    assert long == set()


@pytest.mark.parametrize("capability", WRITTEN)
def test_a_capability_says_what_it_owns(capability):
    text = (PACKAGES / capability / "__init__.py").read_text()
    assert all(word in text for word in ("Owns:", "Invariants:", "Facts emitted:")), text


def documents(above: type[BaseModel] = BaseModel) -> Iterator[type[BaseModel]]:
    """Give the documents of the app, which is loaded with all its routes."""
    for one in above.__subclasses__():
        yield one
        yield from documents(one)


def test_every_default_is_a_value_its_field_takes():
    refused, seen = [], 0
    for document in {one for one in documents() if one.__module__.startswith("modelyard_")}:
        for name, field in document.model_fields.items():
            if field.is_required():
                continue
            default = field.get_default(call_default_factory=True, validated_data={})
            taken = Annotated[(field.annotation, "", *field.metadata)]
            seen += 1
            try:
                TypeAdapter(taken).validate_python(default)
            except ValidationError:
                refused.append(f"{document.__module__}.{document.__name__}.{name}")
    assert refused == []
    assert seen > 150
