"""The checks of a new version: real packages, real environments, the real sandbox."""

import json
import os
import socket
import subprocess
import sys
import threading
from importlib.metadata import version

import pytest
from tests.make.packages import a_pyfunc_package
from tests.make.registry import (
    a_hostile_package,
    a_package,
    a_real_package,
    files_of,
    model_id,
    registered,
)

from modelyard_protocol.package import read_package
from modelyard_server.kernel import jobs
from modelyard_server.registry import bytecode, preparation
from modelyard_server.registry.errors import (
    PackageDamaged,
    RequirementsUnresolvable,
    VersionNotReady,
)
from modelyard_server.registry.preparation import PreparedVersion
from modelyard_server.registry.reading import parse_mlmodel

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def platform(sqlite_platform):
    return sqlite_platform  # what differs by database is tested elsewhere; this starts processes


def checked(platform, client, files, name="churn"):
    """Register, let the worker check, give the version and its checks by name."""
    registered(client, name, files)
    worker = jobs.Worker(platform.database, platform.services)
    while worker.run_one():
        pass
    known = model_id(client, name)
    shown = client.get(f"/api/v1/models/{known}/versions/1").json()
    return known, shown, {check["name"]: check for check in shown["checks"]}


def test_a_good_version_passes_and_its_first_prediction_is_kept(platform, workspace, tmp_path):
    files = a_real_package(tmp_path / "m")
    known, shown, checks = checked(platform, workspace.client("developer"), files)

    assert [check["status"] for check in checks.values()] == ["passed"] * 3, checks
    assert checks["environment"]["summary"] == (
        "Reused the platform's environment: it satisfies the lock exactly."
    )
    assert (shown["reference_prediction"], shown["reference_source"]) == ([0, 0], "first_check")

    prepared = preparation.materialise(platform.services, workspace.id, known, 1)
    env = preparation.environment(platform.services, prepared, on_line=print)
    again = preparation.verify(platform.services, prepared, env, engine="sklearn")
    assert (again.ok, again.differences) == (True, [])
    assert again.sandbox in {"bwrap", "landlock"}
    known_one = preparation.verify(
        platform.services, prepared, env, engine="sklearn", may_be_known=True
    )
    assert (known_one.ok, known_one.was_known, known_one.lane) == (True, True, again.lane)


def test_a_prediction_that_is_not_reproduced_is_shown(platform, workspace, tmp_path):
    files = a_real_package(tmp_path / "m")
    described = json.loads(files["MLmodel"])
    files["MLmodel"] = json.dumps(
        {**described, "metadata": {"example_prediction": [0, 1]}}
    ).encode()
    _, shown, checks = checked(platform, workspace.client("developer"), files)

    assert shown["reference_source"] == "package"
    assert checks["prediction"]["status"] == "failed"
    (difference,) = checks["prediction"]["details"]["differences"]
    assert (difference["row"], difference["expected"], difference["actual"]) == (1, 1, 0)


def test_a_hostile_pickle_is_contained_and_reported(platform, workspace, tmp_path, monkeypatch):
    monkeypatch.setenv("MODELYARD_S3_SECRET_ACCESS_KEY", "hush-hush")
    marker = tmp_path / "marker"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        files = a_hostile_package(tmp_path / "m", port, marker)
        attack = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
        free = subprocess.run(
            [sys.executable, "-c", attack],
            input=files["model.pkl"],
            capture_output=True,
            check=False,
        )
        assert b'"connected"' in free.stderr, "the attack must work outside the walls"
        assert marker.exists()
        marker.unlink()

        known, _, checks = checked(platform, workspace.client("developer"), files)

    assert not marker.exists()
    assert checks["package"]["status"] == "failed"
    assert any(name.endswith(".exec") for name in checks["package"]["details"]["dangerous"])
    assert checks["prediction"]["status"] == "skipped"
    found, folder = preparation.write_out(platform.services, workspace.id, known, 1)
    package = read_package(parse_mlmodel((folder / "MLmodel").read_bytes()))
    prepared = PreparedVersion(
        folder, package, found.digest, requirements=tuple(found.requirements)
    )
    env = preparation.environment(platform.services, prepared, on_line=print)
    error = preparation.verify(platform.services, prepared, env, engine="sklearn").error
    seen = json.loads(error[error.index("SEEN") + 4 :])
    assert "hush-hush" not in json.dumps(seen["environ"])
    assert seen["connect"].startswith("refused")
    assert seen["write"].startswith("refused")


def test_a_model_finds_the_variables_of_where_it_is_to_be_served(platform, workspace, tmp_path):
    code = (
        "import os\nrate = float(os.environ['RATE'])\ndef predict(x): return list(x['x'] * rate)\n"
    )
    pins = [f"{name}=={version(name)}" for name in ("numpy", "pandas")]
    files = files_of(a_pyfunc_package(tmp_path / "m", code, pins))
    known, _, checks = checked(platform, workspace.client("developer"), files)
    assert "KeyError: 'RATE'" in checks["prediction"]["summary"]

    prepared = preparation.materialise(platform.services, workspace.id, known, 1)
    env = preparation.environment(platform.services, prepared, on_line=print)
    made = preparation.verify(
        platform.services, prepared, env, engine="python", variables={"RATE": "2.5"}
    )
    assert (made.ok, made.predictions) == (True, [2.5]), made.error
    refused = preparation.verify(
        platform.services, prepared, env, engine="python", variables={"RATE": "hunter2-hunter2"}
    )
    assert refused.error == "ValueError: could not convert string to float: '[RATE]'"
    assert "hunter2" not in str(refused)


def test_requirements_that_cannot_be_met_are_refused_with_the_reason(platform, workspace, tmp_path):
    files = a_real_package(tmp_path / "m", requirements="scikit-learn==0.0.99")
    known, _, checks = checked(platform, workspace.client("developer"), files)

    assert (checks["environment"]["status"], checks["prediction"]["status"]) == (
        "failed",
        "skipped",
    )
    assert "scikit-learn==0.0.99" in checks["environment"]["summary"]
    prepared = preparation.materialise(platform.services, workspace.id, known, 1)
    with pytest.raises(RequirementsUnresolvable):
        preparation.environment(platform.services, prepared, on_line=print)
    kept = (platform.settings.data_dir / "environments").iterdir()
    assert [path for path in kept if "part" in path.name] == []


@pytest.mark.slow
@pytest.mark.timeout(300)  # it asks the package registry, which has slow minutes
def test_a_different_requirement_gets_an_environment_of_its_own(platform, workspace, tmp_path):
    files = a_real_package(tmp_path / "m", requirements="six==1.16.0")
    known, _, _ = checked(platform, workspace.client("developer"), files)
    prepared = preparation.materialise(platform.services, workspace.id, known, 1)
    assert preparation.environment_outlook(platform.services, prepared) == "cached"

    env = preparation.environment(platform.services, prepared, on_line=print)

    assert (env.reused_platform, env.cached) == (False, True)
    look = "import six, sys, importlib.util as u; print(six.__version__, u.find_spec('sklearn'))"
    said = subprocess.run(
        [env.python, "-I", "-B", "-c", look], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["1.16.0", "None"]
    assert (env.environment_dir / "meta.json").is_file()
    packages = env.environment_dir / "venv/lib" / f"python{PYTHON}" / "site-packages"
    for thread in threading.enumerate():  # bytecode of what the check has imported
        if thread.name == bytecode.THREAD:
            thread.join(60)
    assert list(packages.glob("pydantic/__pycache__/main.*.pyc"))
    assert not list(packages.glob("__pycache__/six.*.pyc"))  # and not this
    preparation.environment(platform.services, prepared, on_line=print, is_isolated=True)
    assert list(packages.glob("__pycache__/six.*.pyc"))  # what is copied elsewhere has all


def test_files_that_changed_on_this_machine_are_replaced(platform, workspace):
    client = workspace.client("developer")
    registered(client, "churn")
    known = model_id(client, "churn")
    prepared = preparation.materialise(platform.services, workspace.id, known, 1)
    model = prepared.model_dir / "model.pkl"
    honest = model.read_bytes()
    model.chmod(0o644)
    model.write_bytes(b"tampered")
    assert preparation.materialise(platform.services, workspace.id, known, 1) == prepared
    assert model.read_bytes() == honest
    assert model.stat().st_mode & 0o222 == 0

    assert client.delete(f"/api/v1/models/{known}").status_code == 204
    worker = jobs.Worker(platform.database, platform.services)
    while worker.run_one():
        pass
    assert not prepared.model_dir.exists()


def test_damage_in_the_store_is_noticed(platform, workspace):
    client = workspace.client("developer")
    registered(client, "churn", a_package(**{"notes.txt": os.urandom(64)}))
    known = model_id(client, "churn")
    address = f"/api/v1/models/{known}/versions/1/files"
    digest = next(f["sha256"] for f in client.get(address).json() if f["path"] == "notes.txt")
    (stored,) = (platform.settings.data_dir / "artifacts").rglob(digest)
    stored.chmod(0o644)
    stored.write_bytes(b"rot")
    with pytest.raises(PackageDamaged, match=r"notes\.txt"):
        preparation.materialise(platform.services, workspace.id, known, 1)
    assert not list((platform.settings.data_dir / "models").rglob("*.part-*"))


def test_a_failed_registration_cannot_be_prepared(platform, workspace):
    client = workspace.client("developer")
    registered(client, "churn", {"MLmodel": b"flavors: {}"})
    with pytest.raises(VersionNotReady, match="no flavors"):
        preparation.materialise(platform.services, workspace.id, model_id(client, "churn"), 1)
