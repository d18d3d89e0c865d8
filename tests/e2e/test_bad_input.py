"""Bad input at each step of the main job: a clear refusal, and nothing left behind."""

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import mlflow
import pytest
from mlflow.exceptions import MlflowException

from tests.make import attacks
from tests.make.installation import Installation, an_installation, wait_for
from tests.make.journey import Member, a_second_tenant, a_token_until, an_owner
from tests.make.packages import Runs, a_pickled_package, a_pyfunc_package, an_adding_package

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SECRET = attacks.SECRET


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with an_installation(folder, OF_THE_HOST=SECRET) as made:
        yield made


@pytest.fixture(scope="module")
def owner(installation: Installation) -> Member:
    return an_owner(installation)


@pytest.fixture(scope="module")
def other(owner: Member) -> Member:
    return a_second_tenant(owner.installation)


@contextmanager
def _client(who: Member) -> Iterator[mlflow.MlflowClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_TOKEN", who.token)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        yield mlflow.MlflowClient(who.installation.url, who.installation.url)


def _registered(owner: Member, name: str, package: Path) -> dict[str, Any]:
    with _client(owner) as client:
        run = client.create_run("0")
        client.log_artifacts(run.info.run_id, str(package), "model")
        client.create_registered_model(name)
        client.create_model_version(name, f"runs:/{run.info.run_id}/model", run.info.run_id)
    return owner.model(name)


def _checks(owner: Member, model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Wait for the version's checks; give them by name."""

    def now() -> dict[str, dict[str, Any]]:
        version = owner.get(f"/models/{model['id']}/versions/1")
        return {check["name"]: check for check in version["checks"]}

    wait_for(
        lambda: {c["status"] for c in now().values()} <= {"passed", "failed", "skipped"},
        90,
        lambda: str(now()),
    )
    return now()


def _failed_deployment(owner: Member, model: dict[str, Any]) -> dict[str, Any]:
    body = {"model_id": model["id"], "use_auto_config": True}
    made = owner.post("/serving/deploy", body)

    def now() -> dict[str, Any]:
        found: dict[str, Any] = owner.get(f"/deployments/{made['id']}")
        return found

    wait_for(lambda: now()["status"] in {"failed", "ready"}, 90, lambda: str(now()))
    return now()


def _files(*folders: Path) -> list[Path]:
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def test_a_wrong_token_is_refused_with_what_to_do(owner: Member) -> None:
    wrong = Member(owner.installation, owner.token[:-8] + "00000000")
    with _client(wrong) as client, pytest.raises(MlflowException, match="token") as refused:
        client.create_experiment("mine")
    assert refused.value.get_http_status_code() == 401
    assert "mine" not in {e["name"] for e in owner.get("/experiments")["items"]}


def test_an_expired_token_is_refused(owner: Member) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
    expiring = a_token_until(owner.installation, soon)
    with _client(expiring) as client:
        client.get_experiment("0")
        time.sleep(max(0.0, (soon - dt.datetime.now(dt.UTC)).total_seconds()) + 0.1)
        with pytest.raises(MlflowException, match="expired") as refused:
            client.create_experiment("mine")
    assert refused.value.get_http_status_code() == 401


def test_a_token_of_another_workspace_reaches_no_run_file_or_model(
    owner: Member, other: Member, tmp_path: Path
) -> None:
    model = _registered(owner, "ours", an_adding_package(tmp_path / "m", 1.0))
    run_id = owner.get(f"/models/{model['id']}/versions/1")["run_id"]
    with _client(other) as client:
        for attempt in (
            lambda: client.get_run(run_id),
            lambda: client.log_metric(run_id, "m", 1.0),
            lambda: client.list_artifacts(run_id),
            lambda: client.get_registered_model("ours"),
            lambda: client.get_model_version_download_uri("ours", "1"),
            lambda: client.delete_registered_model("ours"),
            lambda: client.create_model_version("ours", f"runs:/{run_id}/model", run_id),
        ):
            with pytest.raises(MlflowException) as refused:
                attempt()
            assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
        assert "ours" not in {one.name for one in client.search_model_versions()}


def test_a_truncated_upload_leaves_nothing(owner: Member) -> None:
    with _client(owner) as client:
        run_id = client.create_run("0").info.run_id
    incoming = owner.installation.folder / "data/artifacts/incoming"
    address = f"{PROXY}/runs/{run_id}/half.bin"
    with socket.create_connection(("127.0.0.1", owner.installation.port)) as raw:
        head = f"PUT {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {owner.token}\r\n"
        raw.sendall(f"{head}Content-Length: 9000000\r\n\r\n".encode() + b"x" * 3_000_000)
        wait_for(lambda: _files(incoming), 10, lambda: "The upload did not begin.")

    wait_for(lambda: not _files(incoming), 10, lambda: str(_files(incoming)))
    assert owner.get(f"/runs/{run_id}/artifacts") == []
    headers = {"Authorization": f"Bearer {owner.token}"}
    assert (
        httpx.get(owner.installation.url + address, headers=headers, timeout=60).status_code == 404
    )


ATTACKS = """
import os, socket, pathlib, types
done = []
def attempt(name, deed):
    try:
        deed()
    except BaseException:
        return
    done.append(name)
def environment():
    assert os.environ['OF_THE_HOST']
def processes():
    import glob
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            if b'SECRET' in open(path, 'rb').read():
                return
        except OSError:
            pass
    raise OSError
def fork():
    pid = os.fork()
    pid or os._exit(0)
    os.waitpid(pid, 0)
attempt('environment', environment)
attempt('processes', processes)
attempt('network', lambda: socket.create_connection(('127.0.0.1', PORT), 3))
attempt('control plane', lambda: socket.create_connection(('127.0.0.1', CONTROL), 3))
attempt('write', lambda: pathlib.Path('OUTSIDE').write_text('x'))
attempt('read', lambda: open('DATABASE', 'rb').read(1))
attempt('fork', fork)
attempt('program', lambda: os.posix_spawn('/bin/true', ['true'], {}))
made = types.SimpleNamespace(predict=lambda f: [','.join(done) or 'contained'] * len(f))
"""


def _malicious(owner: Member, folder: Path, port: int, outside: Path) -> Path:
    code = ATTACKS.replace("PORT", str(port)).replace("OUTSIDE", str(outside))
    code = code.replace("CONTROL", str(owner.installation.port)).replace("SECRET", SECRET)
    code = code.replace("DATABASE", str(owner.installation.folder / "data/modelyard.db"))
    loads = f"(lambda names: (exec({code!r}, names), names['made'])[1])({{}})"
    return a_pickled_package(folder, Runs(loads, eval), ["x"], [1.0])


def test_a_malicious_pickle_is_reported_and_blocked_and_its_code_reaches_nothing(
    owner: Member, tmp_path: Path
) -> None:
    called: list[Any] = []
    outside = tmp_path / "outside"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    called.append(listener.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        port = listener.getsockname()[1]
        package = _malicious(owner, tmp_path / "m", port, outside)
        model = _registered(owner, "malicious", package)
        checks = _checks(owner, model)
        body = {"model_id": model["id"], "use_auto_config": True}
        answer = owner.http.post("/serving/deploy", json=body)

    assert answer.status_code == 409
    assert answer.json()["code"] == "registry.version_not_deployable"
    assert "builtins.eval" in answer.json()["detail"]
    assert checks["package"]["status"] == "failed"
    assert "eval" in checks["package"]["summary"]
    assert "The scan blocks it" in checks["package"]["summary"]
    assert called == []
    assert not outside.exists()


CUSTOM_CODE = """
import os

def predict(frame):
    wish = float(frame['x'].iloc[0])
    if wish == 7:
        held = [bytearray(50_000_000) for _ in range(200)]
    if wish == 9:
        os.kill(os.getpid(), 11)
    return [','.join(at_load) + '/' + ','.join(attack())] * len(frame)

at_load = attack()
"""


def test_custom_code_that_passes_the_scan_is_contained_at_load_and_predict_and_reported(
    owner: Member, other: Member, tmp_path: Path
) -> None:
    _registered(other, "theirs", an_adding_package(tmp_path / "theirs", 1.0))
    _checks(other, other.model("theirs"))
    data = owner.installation.folder / "data"
    theirs = next(file for file in _files(data / "models") if file.name == "MLmodel")
    files = data / "modelyard.db", theirs, tmp_path / "m"
    targets = attacks.Targets(owner.installation.port, *files, tmp_path)
    code = f"{targets.code()}\n{CUSTOM_CODE}"
    requirements = [f"{name}=={version(name)}" for name in ("mlflow", "pandas")]
    package = a_pyfunc_package(tmp_path / "m", code, requirements)
    (tmp_path / "outside").write_text("theirs")
    assert targets.succeeded_outside() == attacks.NAMES

    model = _registered(owner, "hostile", package)
    assert _checks(owner, model)["package"]["status"] == "passed"
    made = owner.deploy("hostile")
    key = owner.a_key(made["id"])

    def ask(x: float) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{made['url']}/predict"
        return httpx.post(url, json={"row": {"x": x}}, headers=headers, timeout=60)

    assert ask(1.0).json()["predictions"] == ["/"]
    said = "\n".join(owner.get(f"/deployments/{made['id']}/logs")["lines"])
    for name in attacks.NAMES:
        assert f"attack {name} stopped by" in said
    hungry = ask(7.0)
    assert hungry.status_code >= 500
    assert ask(9.0).status_code == 503
    seen: list[str] = []

    def reported() -> bool:
        now = owner.get(f"/deployments/{made['id']}")
        seen.append(str(now["status_reason"]))
        return "SIGSEGV" in seen[-1]

    wait_for(reported, 30, lambda: str(seen[-3:]))
    owner.until_live(made["id"])
    assert ask(1.0).json()["predictions"] == ["/"]


def test_unresolvable_requirements_fail_with_the_reason_and_leave_no_environment(
    owner: Member, tmp_path: Path
) -> None:
    package = an_adding_package(tmp_path / "m", 1.0)
    (package / "requirements.txt").write_text("numpy==99.99\nonnxruntime\n")
    model = _registered(owner, "impossible", package)
    environments = owner.installation.folder / "data/environments"

    checks = _checks(owner, model)
    deployed = _failed_deployment(owner, model)

    assert checks["environment"]["status"] == "failed"
    reason = deployed["latest_revision"]["status_reason"]
    assert deployed["status"] == "failed"
    assert "there is no version of numpy==99.99" in reason
    left = [f for f in _files(environments) if "cache" not in f.relative_to(environments).parts]
    assert left == []


def test_a_taken_name_is_a_conflict_that_suggests_a_free_one(owner: Member, tmp_path: Path) -> None:
    package = an_adding_package(tmp_path / "m", 2.0)
    body = {"model_id": _registered(owner, "twice", package)["id"], "use_auto_config": True}
    owner.post("/serving/deploy", body)
    wanted = {**body, "name": "twice"}

    taken = owner.http.post("/serving/deploy", json=wanted)

    assert (taken.status_code, taken.json()["code"]) == (409, "deployments.name_taken")
    free = taken.json()["suggested_name"]
    assert free != "twice"
    assert owner.post("/serving/deploy", {**wanted, "name": free})["name"] == free
    with _client(owner) as client, pytest.raises(MlflowException) as refused:
        client.create_registered_model("twice")
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
