"""Where model servers run: chosen by environments, settled by revision, refused if impossible."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.make.deployments import Serving, replaced

from modelyard_server.deployments.errors import ImageNotBuilt
from modelyard_server.deployments.ports import DriverFacts, Drivers

STAGING = "/api/v1/environments/staging"
IN_CONTAINERS = {"policy": {"driver": "docker"}}


class SteadyDrivers:
    """Has an engine that builds at once, or refuses."""

    standard = "process"
    refusal: ImageNotBuilt | None = None

    def __init__(self) -> None:
        self.built: list[str] = []

    def facts(self) -> list[DriverFacts]:
        return [
            DriverFacts("process", None, "landlock", {"disk": "it can fill the disk"}),
            DriverFacts("docker", "It is away."),
            DriverFacts("kubernetes", None),
        ]

    def image(self, driver: str, environment_dir: Path, lock_hash: str, on_line: Any) -> str:
        del environment_dir
        if driver == "kubernetes":
            return "python:3.11-slim"
        on_line("Step 1/1 : FROM base")
        if self.refusal is not None:
            raise self.refusal
        self.built.append(lock_hash)
        return f"modelyard-environment:{lock_hash}"


@pytest.fixture
def drivers(serving: Serving) -> Iterator[SteadyDrivers]:
    made = SteadyDrivers()
    serving.here.facts = replace(serving.here.facts, drivers=("process", "docker"))
    with replaced(serving.platform, Drivers, made):
        yield made


@pytest.fixture
def admin(serving: Serving) -> Any:
    return serving.workspace.client("admin")


def test_a_driver_the_installation_has_not_is_refused_everywhere(
    serving: Serving, admin: Any, drivers: SteadyDrivers
) -> None:
    assert admin.patch(STAGING, json=IN_CONTAINERS).status_code == 200
    serving.here.facts = replace(serving.here.facts, drivers=("process",))
    body = {"model_id": str(serving.model_id), "use_auto_config": True, "environment": "staging"}
    refused = serving.client.post("/api/v1/serving/deploy", json=body)
    again = admin.patch("/api/v1/environments/dev", json=IN_CONTAINERS)
    for answer in (refused, again):
        assert (answer.status_code, answer.json()["code"]) == (
            422,
            "deployments.driver_unavailable",
        )
    assert serving.client.get("/api/v1/deployments").json()["items"] == []
    assert drivers.built == []


def test_revisions_keep_the_driver_they_were_asked_for_with(
    serving: Serving, admin: Any, drivers: SteadyDrivers
) -> None:
    first = serving.deploy(environment="staging")
    assert (first["live_revision"]["driver"], first["live_revision"]["image"]) == ("process", None)
    admin.patch(STAGING, json=IN_CONTAINERS)
    serving.register()
    second = serving.update(first["id"])["live_revision"]
    assert (second["driver"], second["image"]) == ("docker", "modelyard-environment:a1b2c3")
    assert "build in isolation" in serving.preparation.calls
    specs = {spec.label[-1]: spec for spec in serving.node.desired().servers}
    assert (specs["2"].driver, specs["2"].image) == ("docker", "modelyard-environment:a1b2c3")
    back = serving.post(first["id"], "rollback", {"reason": "As it was."})
    serving.roll_out(first["id"], back["number"])
    assert serving.get(first["id"])["live_revision"]["driver"] == "process"
    assert drivers.built == ["a1b2c3"]


def test_promotion_to_another_driver_proves_the_prediction_there(
    serving: Serving, admin: Any, drivers: SteadyDrivers
) -> None:
    first = serving.deploy(environment="staging")
    admin.patch("/api/v1/environments/production", json=IN_CONTAINERS)
    serving.preparation.calls.clear()
    made = serving.post(first["id"], "promote", {"environment": "production"})
    serving.roll_out(made["id"], 1)
    promoted = serving.get(made["id"])["live_revision"]
    assert (promoted["driver"], promoted["image"]) == ("docker", "modelyard-environment:a1b2c3")
    assert {"build in isolation", "verify"} <= set(serving.preparation.calls)
    assert drivers.built == ["a1b2c3"]


def test_an_image_that_cannot_be_built_fails_the_step_with_the_engines_words(
    serving: Serving, admin: Any, drivers: SteadyDrivers
) -> None:
    admin.patch(STAGING, json=IN_CONTAINERS)
    drivers.refusal = ImageNotBuilt("The image could not be built: no space left on device")
    failed = serving.deploy(environment="staging")["latest_revision"]
    assert (failed["status"], failed["status_reason"]) == ("failed", drivers.refusal.detail)
    step = next(step for step in failed["steps"] if step["name"] == "build")
    assert step["status"] == "failed"
    assert "Step 1/1 : FROM base" in failed["log_tail"]


def test_pods_start_on_the_installations_image_and_bring_the_proven_environment(
    serving: Serving, admin: Any, drivers: SteadyDrivers
) -> None:
    serving.here.facts = replace(serving.here.facts, drivers=("process", "kubernetes"))
    changed = admin.patch(STAGING, json={"policy": {"driver": "kubernetes"}})
    assert changed.status_code == 200
    live = serving.deploy(environment="staging")["live_revision"]
    assert (live["driver"], live["image"]) == ("kubernetes", "python:3.11-slim")
    assert "build in isolation" in serving.preparation.calls
    (image,) = {s.image for s in serving.node.desired().servers if s.driver == "kubernetes"}
    assert image == "python:3.11-slim"
    assert drivers.built == []


def test_all_ways_are_listed_with_what_stands_in_the_way(
    serving: Serving, drivers: SteadyDrivers
) -> None:
    assert serving.client.get("/api/v1/serving/drivers").json() == [
        {
            "name": "process",
            "obstacle": None,
            "is_standard": True,
            "walls": "landlock",
            "missing_walls": [{"name": "disk", "risk": "it can fill the disk"}],
        },
        {
            "name": "docker",
            "obstacle": "It is away.",
            "is_standard": False,
            "walls": None,
            "missing_walls": [],
        },
        {
            "name": "kubernetes",
            "obstacle": None,
            "is_standard": False,
            "walls": None,
            "missing_walls": [],
        },
    ]
    assert drivers.built == []
