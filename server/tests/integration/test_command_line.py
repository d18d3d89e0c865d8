"""The commands of the control plane, as processes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.make.installation import ROOT, SOURCES, an_installation


def _run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": SOURCES, "MODELYARD_DATA_DIR": str(folder)}
    environment |= settings
    return subprocess.run(
        [sys.executable, "-m", "modelyard_server", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_taken_port_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = _run(tmp_path, "serve", "--port", str(port))

    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "make run PORT=" in done.stderr
    assert not (tmp_path / "modelyard.db").exists()


def test_taken_port_for_predictions_is_said_and_refused_as_well(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = _run(tmp_path, "serve", "--port", "0", "--gateway-port", str(port))

    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1, for predictions, is taken" in done.stderr
    assert "make run GATEWAY_PORT=" in done.stderr
    assert not (tmp_path / "modelyard.db").exists()


def test_unusable_data_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    done = _run(file / "below", "serve", "--port", "0")

    assert done.returncode == 2
    assert "Cannot use the data folder" in done.stderr


def test_several_processes_need_the_databases_that_they_can_share(tmp_path: Path) -> None:
    for url, missing in (("", "MODELYARD_DATABASE_URL"), ("postgresql://x/y", "MODELYARD_REDIS")):
        several = {"MODELYARD_API_PROCESSES": "2", "MODELYARD_DATABASE_URL": url}

        done = _run(tmp_path, "serve", "--port", "0", **several)

        assert done.returncode == 2
        assert missing in done.stderr
    assert not (tmp_path / "modelyard.db").exists()


def test_setup_link_command_rotates_the_link(tmp_path: Path) -> None:
    assert _run(tmp_path, "migrate").returncode == 0

    first, second = (_run(tmp_path, "setup-link").stdout for _ in range(2))

    assert "/setup?token=" in first
    assert first != second


@pytest.mark.slow
def test_second_control_plane_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with an_installation(tmp_path) as running:
        done = _run(tmp_path / "data", "serve", "--port", "0")

        assert running.process is not None
        assert done.returncode == 2
        assert f"already running on {tmp_path / 'data'} (process {running.process.pid})" in (
            done.stderr
        )
