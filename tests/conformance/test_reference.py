"""Reference pages are written from the code; error codes are unique and well named."""

import importlib.util
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "reference.py"
_spec = importlib.util.spec_from_file_location("reference", SCRIPT)
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_reference_page_is_what_the_code_says(name):
    written = (reference.FOLDER / name).read_text()
    assert written == reference.PAGES[name](), "It is stale: run `make docs`."


def test_every_endpoint_of_mlflow_is_there_or_has_a_name():
    page = reference.mlflow_page()
    assert page.count("no: 404") == 0
    assert "| `GET /api/3.0/mlflow/mcp-servers/{name}` | no: registry of MCP servers |" in page
    assert "| `POST /v1/traces` | yes |" in page


def test_every_setting_says_what_it_does():
    assert all(field.description for field in reference.Settings.model_fields.values())


def test_error_codes_are_unique_and_named_after_their_capability():
    codes = [(kind.code, kind.__module__) for kind in reference.refusals()]
    assert len({code for code, _ in codes}) == len(codes)
    for code, module in codes:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", code), code
        owner = module.split(".")[1]
        assert owner == "kernel" or code.startswith(f"{owner}."), (code, module)
