"""A malicious pickle behind each wall; each attack must first succeed outside any."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.make.nodes import environment
from tests.make.packages import a_malicious_package, an_adding_package

from modelyard_runtime.sandbox.measure import RISKS, missing
from modelyard_runtime.sandbox.walls import Tier

TIERS = ["bwrap", "landlock"]


def run(tier: str, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run code behind a wall, or outside any with tier "outside"."""
    walls = [sys.executable, "-m", "modelyard_runtime.sandbox", "run", "--tier", tier, *options]
    line = [*([*walls, "--"] if tier != "outside" else []), sys.executable, "-c", code]
    secret = {**environment(), "MODELYARD_S3_SECRET": "do-not-leak"}
    return subprocess.run(line, env=secret, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept_for_ever, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def accept_for_ever(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.fixture
def attacks(tmp_path: Path, listener: int) -> dict[str, str]:
    """Each leaves with 0 only if it succeeded."""
    neighbour = tmp_path / "neighbour"
    neighbour.mkdir()
    (neighbour / "secret").write_text("theirs")
    unix = str(tmp_path / "platform.sock")
    return {
        "environment": "import os; assert os.environ['MODELYARD_S3_SECRET'] == 'do-not-leak'",
        "other processes": (
            "import glob, contextlib\nfound = b''\n"
            "for path in glob.glob('/proc/[0-9]*/environ'):\n"
            "    with contextlib.suppress(OSError): found += open(path, 'rb').read()\n"
            "assert b'do-not-leak' in found"
        ),
        "network": f"import socket; socket.create_connection(('127.0.0.1', {listener}), 5)",
        "read a neighbour": f"assert open('{neighbour}/secret').read() == 'theirs'",
        "write outside": f"open('{neighbour}/written', 'w').write('x')",
        "fork": "import os; pid = os.fork(); pid or os._exit(0); os.waitpid(pid, 0)",
        "start a program": "import subprocess; subprocess.run(['/bin/true'], check=True)",
        "signal": f"import os; os.kill({threading.main_thread().native_id}, 0)",
        "unix socket": (
            f"import socket, os; s = socket.socket(socket.AF_UNIX); s.bind('{unix}'); s.listen();"
            f" c = socket.socket(socket.AF_UNIX); c.connect('{unix}'); os.unlink('{unix}')"
        ),
    }


@pytest.mark.parametrize("tier", TIERS)
def test_attack_that_succeeds_outside_fails_inside(tier: str, attacks: dict[str, str]) -> None:
    outside = {name: run("outside", code).returncode for name, code in attacks.items()}
    inside = {name: run(tier, code) for name, code in attacks.items()}
    assert outside == dict.fromkeys(attacks, 0)
    assert [name for name, done in inside.items() if done.returncode == 0] == []
    assert all("Error" in done.stderr for done in inside.values()), inside


@pytest.mark.parametrize("tier", TIERS)
def test_memory_over_the_limit_is_refused(tier: str) -> None:
    code = "b = bytearray(600 * 1024 * 1024); print(len(b))"
    assert run("outside", code).returncode == 0
    done = run(tier, code, "--memory-mb", "400")
    assert done.returncode != 0
    assert "MemoryError" in done.stderr


@pytest.mark.parametrize("tier", TIERS)
def test_memory_that_the_limit_does_not_count_is_not_given(tier: str) -> None:
    ways = {
        "shared": "mmap.mmap(-1, 1 << 20)",
        "memory file": "os.memfd_create('x')",
        "zeros": "mmap.mmap(os.open('/dev/zero', os.O_RDWR), 1 << 20)",
        "system v": "c = ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600); assert c >= 0",
        "shm": "f = open('/dev/shm/x', 'wb', 0); os.unlink(f.name)\n"
        "for _ in range(9): assert f.write(bytes(1 << 20)) == 1 << 20",
    }
    head = "import ctypes, mmap, os, resource\n"
    assert {name: run("outside", head + code).returncode for name, code in ways.items()} == (
        dict.fromkeys(ways, 0)
    )
    ways |= {
        "a file beside devices": "open('/dev/x', 'wb')",
        "a higher limit": "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
    }
    inside = {name: run(tier, head + code, "--tmp-mb", "4") for name, code in ways.items()}
    assert [name for name, done in inside.items() if done.returncode == 0] == []


@pytest.mark.parametrize("tier", TIERS)
def test_when_memory_runs_out_models_go_first(tier: str) -> None:
    assert run(tier, "print(open('/proc/self/oom_score_adj').read())").stdout.strip() == "1000"


def test_walls_that_are_missing_are_found_by_trying() -> None:
    assert missing(Tier.none) == list(RISKS)
    held = {"files", "processes", "network", "sockets", "programs", "memory"}
    assert held.isdisjoint(missing(Tier.landlock))
    assert held.isdisjoint(missing(Tier.bwrap))
    assert "disk" in missing(Tier.landlock)  # its limit is one file's
    assert "disk" not in missing(Tier.bwrap)


@pytest.mark.parametrize("tier", TIERS)
def test_named_folder_is_writable_and_threads_may_start(tier: str, tmp_path: Path) -> None:
    code = (
        f"import threading as t; x = t.Thread(target=lambda: open('{tmp_path}/f', 'w').write('y'))"
    )
    done = run(tier, f"{code}\nx.start(); x.join()", "--rw", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "f").read_text() == "y"


def test_no_sandbox_is_refused_unless_allowed() -> None:
    assert run("none", "print(1)").returncode == 126
    assert run("none", "print(1)", "--allow-unsandboxed").stdout == "1\n"


def test_program_is_ended_after_its_time() -> None:
    assert run("bwrap", "import time; time.sleep(60)", "--timeout", "1").returncode == 124


def test_probe_names_the_tiers_that_were_tried() -> None:
    line = [sys.executable, "-m", "modelyard_runtime.sandbox", "probe"]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["chosen"] == found["tiers"][0]
    assert set(found["tiers"]) <= set(TIERS)
    assert found["missing"] == {name: RISKS[name] for name in missing(Tier(found["chosen"]))}


def verify(package: Path, *options: str) -> dict[str, object]:
    line = [sys.executable, "-m", "modelyard_runtime.verify", "--model-dir", str(package)]
    line += ["--engine", "sklearn", *options]
    done = subprocess.run(
        line, env=environment(), capture_output=True, text=True, timeout=100, check=False
    )
    report: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode == 0) is report["ok"]
    return report


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.environ['MODELYARD_S3_SECRET']", "KeyError"),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", "PermissionError"),
        ("open('/usr/written', 'w')", "Read-only"),
        ("import os\nwhile True: os.fork()", "Operation not permitted"),
        ("import os; os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("import os; os._exit(0)", "no report"),
        ("print('{\"ok\": true}')", "predict"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_malicious_pickle_is_contained_and_reported(tmp_path: Path, code: str, words: str) -> None:
    report = verify(a_malicious_package(tmp_path / "package", code))
    assert report["ok"] is False
    assert words in str(report["error"])


def test_model_that_never_loads_is_reported_after_its_time(tmp_path: Path) -> None:
    package = a_malicious_package(tmp_path / "package", "import time; time.sleep(600)")
    assert "within 3 seconds" in str(verify(package, "--timeout", "3")["error"])


def test_package_that_reproduces_its_prediction_passes(classifier: Path) -> None:
    report = verify(classifier)
    assert report["error"] is None
    assert (report["predictions"], report["expected"]) == ([0, 0, 0], [0, 0, 0])


def test_other_prediction_than_the_stored_one_is_a_named_difference(tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "package", 3.0)
    expected = tmp_path / "expected.json"
    expected.write_text("[4.0, 5.1]")
    report = verify(package, "--engine", "onnx", "--expected", str(expected))
    assert report["differences"] == [{"row": 1, "column": None, "expected": 5.1, "actual": 5.0}]
    assert "does not reproduce" in str(report["error"])
