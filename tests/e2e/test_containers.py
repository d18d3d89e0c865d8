"""A model through the whole product into a container: built, proven, served, watched, removed."""

import os
import signal
from collections.abc import Iterator

import pytest

from modelyard_protocol.routing import ObservedState
from tests.make.engines import BASE_IMAGE, Engine, an_engine, why_no_engine
from tests.make.installation import an_installation, wait_for
from tests.make.journey import Member, an_owner

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if not os.environ.get("MODELYARD_TEST_DOCKER"):
        pytest.skip("Containers are tested by `make test-docker`.")
    reason = why_no_engine()
    assert reason is None, reason
    with an_engine(tmp_path_factory.mktemp("engine")) as made:
        yield made


@pytest.fixture(scope="module")
def owner(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    settings = {
        "MODELYARD_DOCKER_SOCKET": str(engine.socket),
        "MODELYARD_DOCKER_BASE_IMAGE": BASE_IMAGE,
    }
    with an_installation(tmp_path_factory.mktemp("installation"), **settings) as made:
        yield an_owner(made)


def _node(owner: Member) -> tuple[int, list[str]]:
    """Give the node's process and the states of its servers, by its own account."""
    text = (owner.installation.folder / "data/node/observed.json").read_text()
    observed = ObservedState.model_validate_json(text)
    return observed.node_pid, [str(server.state) for server in observed.servers]


def test_an_environment_in_containers_serves_survives_and_leaves_nothing(
    owner: Member, engine: Engine
) -> None:
    owner.run_example("quickstart.py")
    changed = owner.http.patch("/environments/dev", json={"policy": {"driver": "docker"}})
    assert changed.status_code == 200, changed.text
    model = owner.get("/models")["items"][0]["name"]
    body = {"model_id": owner.model(model)["id"], "use_auto_config": True, "environment": "dev"}
    made = owner.until_live(owner.post("/serving/deploy", body)["id"], seconds=400)
    live = made["live_revision"]
    assert live["driver"] == "docker"
    assert live["image"].startswith("modelyard-environment:")
    wait_for(lambda: len(engine.containers()) == 1, 60, lambda: str(engine.containers()))
    (container,) = engine.containers()
    with engine.http as http:
        facts = http.get(f"/containers/{container['Id']}/json").json()
    walls = facts["HostConfig"]
    assert walls["NetworkMode"] == "none"
    assert walls["ReadonlyRootfs"]
    assert walls["CapDrop"] == ["ALL"]
    assert walls["SecurityOpt"] == ["no-new-privileges"]
    assert facts["Config"]["User"] == "65534:65534"
    assert all(not mount["RW"] for mount in facts["Mounts"])
    assert not [name for name in facts["Config"]["Env"] if name.startswith("MODELYARD_S3")]

    killed, _ = _node(owner)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: _node(owner)[0] != killed, 60, lambda: str(_node(owner)))
    wait_for(lambda: _node(owner)[1] == ["ready"], 60, lambda: str(_node(owner)))
    wait_for(lambda: len(engine.containers()) == 1, 60, lambda: str(engine.containers()))
    assert engine.containers()[0]["Id"] == container["Id"]  # taken over, not started again
    owner.post(f"/deployments/{made['id']}/stop")
    wait_for(lambda: not engine.containers(), 60, lambda: str(engine.containers()))
